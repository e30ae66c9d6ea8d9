import { expect, test } from 'vitest';
import { readVerdict } from './verdict.ts';

const END = `State-vector 164 byte, depth reached 209, errors: 0
   351822 states, stored
unreached in proctype Proxy
	cutover.pml:285, state 71, "goesTo[p] = 0"
	(5 of 80 states)

pan: elapsed time 6.21 seconds
`;

test('a search without an error', () => {
  expect(readVerdict(END)).toEqual({
    error: undefined,
    whole: true,
    states: 351_822,
    stateVector: 164,
    seconds: 6.21,
    unreached: [{ line: 285, text: 'goesTo[p] = 0' }],
  });
});

test('an error is in spin’s words, and its search not whole', () => {
  const output = `pan:1: assertion violated I1_one_owner (at depth 170)\nWarning: Search not completed\n${END}`;
  expect(readVerdict(output)).toMatchObject({ error: 'assertion violated I1_one_owner', whole: false });
});

test.each(['error: max search depth too small', 'pan: reached -DMEMLIM bound'])(
  '“%s” is not whole',
  (words) => {
    expect(readVerdict(`${words}\n${END}`).whole).toBe(false);
  },
);

test('what is not a search is not read as one', () => {
  expect(() => readVerdict('gcc: error')).toThrow('Not the end of a search');
});
