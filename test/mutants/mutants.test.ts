/** Mutants stay true to the source: a refactor that moves a text, a test or a name is noticed here, at once. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../parts/named-files.ts';
import { listMutants } from './list-mutants.ts';
import { applyMutant, type Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test.each(MUTANTS)('$name: its texts occur once each, and it changes the source', (mutant) => {
  expect(applyMutant(mutant, read(mutant.file))).not.toBe(read(mutant.file));
});

test('each has a name of its own, and tests that exist', () => {
  const names = MUTANTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, caughtBy } of MUTANTS) {
    expect(caughtBy, name).not.toEqual([]);
    expect(caughtBy.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
  }
});

const planted = (find: string, replace: string): Mutant => ({
  ...{ name: 'm', effect: '', file: 'a.ts', caughtBy: [] },
  edits: [{ find, replace }],
});

test.each([
  ['that is gone', 'gone', 'mutant m: its text occurs 0 times in a.ts, not once: gone'],
  ['that occurs twice', 'two', 'mutant m: its text occurs 2 times in a.ts, not once: two'],
])('a text %s is refused', (_, find, message) => {
  expect(() => applyMutant(planted(find, 'x'), 'one two two')).toThrow(message);
});

test('one that changes nothing is refused; a replacement is taken as it stands', () => {
  expect(() => applyMutant(planted('one', 'one'), 'one')).toThrow('changes nothing');
  expect(applyMutant(planted('one', '$& $1'), 'a one b')).toBe('a $& $1 b');
});

test('docs/architecture/cutover-model.md has the list that --list prints', () => {
  expect(read('docs/architecture/cutover-model.md')).toContain(listMutants(MUTANTS));
});
