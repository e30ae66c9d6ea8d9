import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseConfigText, readConfigFile } from './read-config-file.ts';

test.each([
  ['an empty file', '# nothing yet\n', 'is empty; it needs at least version and legacy'],
  ['a list', '- version: 1\n', 'must be a map'],
  ['an alias without its anchor', 'version: 1\nlegacy: *shop\n', /alias.*shop/i],
  ['an anchor inside its own value', 'version: 1\nlegacy: &l\n  url: *l\n', /anchor.*itself/],
  ['an anchor inside its own list', 'version: 1\nx: &l [1, [*l]]\n', /anchor.*itself/],
  ['several documents', 'version: 1\n---\nversion: 1\n', /^line 2, column 1: .*one document/],
  ['a key that is special to objects', 'version: 1\nslices: { __proto__: { team: a } }\n', /__proto__/],
  ['endless nesting', `version: 1\nlegacy: ${'{a: '.repeat(20_000)}\n`, /too deep/],
  ['a key twice', 'version: 1\nversion: 1\n', /line 2, column 1/],
])('%s is a problem of the file, reported in one sentence', (_, text, message) => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const parsed = parseConfigText(text, {});
  expect(warned).not.toHaveBeenCalled();
  expect(parsed).toMatchObject({ ok: false, problems: [{ path: [] }] });
  expect(!parsed.ok && parsed.problems).toHaveLength(1);
  const [problem] = parsed.ok ? [] : parsed.problems;
  if (typeof message === 'string') expect(problem?.message).toBe(message);
  else expect(problem?.message).toMatch(message);
});

test('a tag or key that only YAML allows causes no warning from Node', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const parsed = parseConfigText('version: !v 1\nlegacy: { url: http://127.0.0.1:9 }\n? [a, b]\n: c\n', {});
  expect(parsed.ok).toBe(false);
  expect(warned).not.toHaveBeenCalled();
});

test('an anchor may be used twice', () => {
  const slice = '{ candidate: &c { url: http://127.0.0.1:9 }, routes: [{ id: x, path: /x }] }';
  const text = `version: 1
flags: { provider: file, file: flags.json }
legacy: { url: http://127.0.0.1:9 }
slices:
  a: ${slice}
  b: { candidate: *c, routes: [{ id: x, path: /y }] }
`;
  expect(parseConfigText(text, {})).toMatchObject({ ok: true });
});

test('expressions that some text could make run for long are refused at their places, all of them', () => {
  const text = `version: 1
flags: { provider: file, file: flags.json }
legacy: { url: http://127.0.0.1:9, database: postgres://h/a }
control: { listen: 127.0.0.1:0, database: postgres://h/c }
slices:
  a:
    candidate: { url: http://127.0.0.1:9, database: postgres://h/b }
    tables: [{ from: public.t, to: public.t }]
    routes:
      - { id: x, path: '/x/:id((\\d+)+)', query: { v: { regex: '(?!old).*' }, w: { regex: '[a-z]+' } } }
    writtenBy:
      - { path: /y, headers: { x-role: { regex: '(a' } } }
`;
  const parsed = parseConfigText(text, {});
  expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path.join('.'))).toEqual([
    'slices.a.routes.0.path',
    'slices.a.routes.0.query.v.regex',
    'slices.a.writtenBy.0.headers.x-role.regex',
  ]);
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-config-'));
  await writeFile(join(folder, 'file'), '');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ['nowhere.yaml', 'there is no such file or directory'],
  ['.', 'it is a directory'],
  ['file/ficus.yaml', 'there is no such file or directory'],
  ['a'.repeat(300), 'its name is too long'],
])('%s cannot be read, reported in one sentence', async (name, why) => {
  await expect(readConfigFile(join(folder, name), {})).rejects.toMatchObject({
    code: 'FICUS_CONFIG_UNREADABLE',
    message: `Cannot read ${join(folder, name)}: ${why}.`,
  });
});

test.skipIf(process.platform === 'win32')(
  'a device without an end is not read until the memory is full',
  async () => {
    await expect(readConfigFile('/dev/zero', {})).rejects.toMatchObject({
      code: 'FICUS_CONFIG_UNREADABLE',
      message: 'Cannot read /dev/zero: it is larger than 16 MiB.',
    });
  },
);

test.skipIf(process.platform === 'win32')('a config may come through a pipe', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [parsed] = await Promise.all([
    readConfigFile(pipe, {}),
    writeFile(pipe, 'version: 1\nlegacy: { url: http://127.0.0.1:1 }\n'),
  ]);
  expect(parsed).toMatchObject({ ok: true });
});
