import { expect, test } from 'vitest';
import { candidateSchema } from './candidate-schema.ts';

const problemsOf = (over: object) =>
  candidateSchema
    .safeParse({ url: 'http://127.0.0.1:1', ...over })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

test.each([
  [{ version: '2026-11-29 build 7' }, undefined],
  [{ versionHeader: 'X-Version' }, undefined],
  [{ version: 'v1\u001b[2J' }, ['version: must be 1 to 100 printable ASCII characters']],
  [{ version: '' }, ['version: must be 1 to 100 printable ASCII characters']],
  [{ versionHeader: 'x version' }, ['versionHeader: must be the name of a header']],
  [
    { version: 'v1', versionHeader: 'x-version' },
    ['versionHeader: and version exclude each other: the version is fixed, or the candidate says it'],
  ],
])('%j: %j', (over, problems) => {
  expect(problemsOf(over)).toEqual(problems);
});

test('names of headers are compared in lower case', () => {
  const { versionHeader } = candidateSchema.parse({ url: 'http://127.0.0.1:1', versionHeader: 'X-Version' });
  expect(versionHeader).toBe('x-version');
});
