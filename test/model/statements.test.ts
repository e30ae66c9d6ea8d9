import { expect, test } from 'vitest';
import { compiledLines, unreachedByAll } from './statements.ts';

const MODEL = `always
#ifdef A
with A
#else
without A
#if defined(B) && !defined(C)
with B alone
#endif
#endif`;
const PLACED = { text: MODEL, places: MODEL.split('\n').map((_, at) => `a.pml:${at + 1}`) };

test('lines are those that the preprocessor leaves', () => {
  expect([...compiledLines(MODEL, [])]).toEqual([1, 5]);
  expect([...compiledLines(MODEL, ['A=1', 'B'])]).toEqual([1, 3]);
  expect([...compiledLines(MODEL, ['B'])]).toEqual([1, 5, 7]);
  expect([...compiledLines(MODEL, ['B', 'C'])]).toEqual([1, 5]);
});

test('a condition of another form is refused', () => {
  expect(() => compiledLines('#if X > 1\n#endif', [])).toThrow('cannot read');
});

test('a statement counts as reached when one search reaches it', () => {
  const first = { line: 1, text: 'always' };
  const other = { line: 5, text: 'without A' };
  const searches = [
    { defines: [], unreached: [first, other] },
    { defines: ['A'], unreached: [] },
  ];
  expect(unreachedByAll(PLACED, searches)).toEqual(['a.pml:5: without A']);
});

test('a failing check and the end of an endless process are not to be reached', () => {
  const unreached = [
    { line: 1, text: 'assert(I1_one_owner)' },
    { line: 1, text: '-end-' },
  ];
  expect(unreachedByAll(PLACED, [{ defines: [], unreached }])).toEqual([]);
});
