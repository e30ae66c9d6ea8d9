import { expect, test } from 'vitest';
import { parseConfigText } from './read-config-file.ts';

test.each([
  ['an empty file', '# nothing yet\n', 'is empty: a version and a legacy are the least'],
  ['a list', '- version: 1\n', 'must be a map'],
  ['an alias without its anchor', 'version: 1\nlegacy: *shop\n', /alias.*shop/i],
  ['a key twice', 'version: 1\nversion: 1\n', /line 2, column 1/],
])('%s is a problem of the file, told in one sentence', (_, text, message) => {
  const parsed = parseConfigText(text, {});
  expect(parsed).toMatchObject({ ok: false, problems: [{ path: [] }] });
  const [problem] = parsed.ok ? [] : parsed.problems;
  if (typeof message === 'string') expect(problem?.message).toBe(message);
  else expect(problem?.message).toMatch(message);
});
