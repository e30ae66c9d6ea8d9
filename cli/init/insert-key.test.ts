import { describe, expect, test } from 'vitest';
import { insertKey } from './insert-key.ts';

const lines = ['tables:', '  # Guessed: x.', '  - from: a.b', '    to: c.d'];
const insertTables = (text: string, slice: string) =>
  insertKey(text, { path: ['slices', slice], key: 'tables', lines });

describe('tables', () => {
  const before =
    'version: 1\nslices:\n  one:   # first\n    candidate: { url: http://c }\n    routes:\n      - { id: list }   # all\n';
  const two = '  two:\n    routes: []\n    candidate:\n      url: x\n';
  const added = lines.map((line) => `    ${line}\n`).join('');

  test.each([
    ['the last slice', before, 'one', `${before}${added}`],
    ['a file without a line end', before.trimEnd(), 'one', `${before}${added}`.trimEnd()],
    ['a slice before others', `${before}\n  # next\n${two}`, 'one', `${before}${added}\n  # next\n${two}`],
    ['a slice behind others', `${before}${two}\n# end\n`, 'two', `${before}${two}${added}\n# end\n`],
    [
      'a text of several lines',
      `slices:\n  a:\n    team: |\n      x\n      y\n\nversion: 1\n`,
      'a',
      `slices:\n  a:\n    team: |\n      x\n      y\n${added}\nversion: 1\n`,
    ],
  ])('at the end of %s, and all else stays', (_, text, slice, expected) => {
    expect(insertTables(text, slice)).toEqual({ text: expected });
  });

  test.each([
    ['slices: { a: { routes: [] } }\n', 'a', /lines of its own/],
    ['slices:\n  a: { routes: [] }\n', 'a', /lines of its own/],
    ['slices:\n  a:\n    tables: []\n', 'a', /tables already/],
    ['slices:\n  a: &x\n    routes: []\n  b: *x\n', 'b', /lines of its own/],
    ['slices:\n  a: &x\n    routes: []\n  b: *x\n', 'a', /end cannot be found/],
  ])('%j: refused', (text, slice, why) => {
    expect(insertTables(text, slice)).toEqual({ why: expect.stringMatching(why) });
  });
});

describe('a short entry', () => {
  const add = (text: string, path: string[]) =>
    insertKey(text, { path, key: 'database', lines: ['database: "${X}"'] });

  test.each<[string, string[], string]>([
    ['legacy: { url: x } # here\na: 1\n', ['legacy'], 'legacy: { url: x, database: "${X}" } # here\na: 1\n'],
    ['legacy: {url: x,}\n', ['legacy'], 'legacy: {url: x, database: "${X}" }\n'],
    ['legacy:\n  url: x\na: 1\n', ['legacy'], 'legacy:\n  url: x\n  database: "${X}"\na: 1\n'],
    ['a: 1\n# end\n', [], 'a: 1\ndatabase: "${X}"\n# end\n'],
  ])('%j: in %j', (text, path, expected) => {
    expect(add(text, path)).toEqual({ text: expected });
  });

  test('behind a key that is named, and not behind what follows the last', () => {
    const text = 'legacy:\n  url: x # here\n\nslices:\n  a: 1\n# b: 2\n';
    expect(insertKey(text, { path: [], key: 'control', after: 'legacy', lines: ['control: 1'] })).toEqual({
      text: 'legacy:\n  url: x # here\ncontrol: 1\n\nslices:\n  a: 1\n# b: 2\n',
    });
  });

  test.each<[string, RegExp]>([
    ['legacy: {}\n', /lines of its own/],
    ['legacy: { url: x # here\n  }\n', /end cannot be found/],
    ['legacy: &x { url: x }\nother: *x\n', /end cannot be found/],
    ['legacy: { database: y }\n', /database already/],
  ])('%j: refused', (text, why) => {
    expect(add(text, ['legacy'])).toEqual({ why: expect.stringMatching(why) });
  });
});
