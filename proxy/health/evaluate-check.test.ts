import { expect, test } from 'vitest';
import { evaluateCheck, UNCHECKED } from './evaluate-check.ts';

const thresholds = { healthyAfter: 2, unhealthyAfter: 3 };

/** The states after each check: `+` passes, `-` fails. */
const statesOf = (checks: string, from = UNCHECKED): string[] => {
  let state = from;
  return [...checks].map((check) => {
    state = evaluateCheck(state, check === '+', thresholds);
    return state.kind;
  });
};

test('an address is unhealthy after failures in a row, and healthy again after passes in a row', () => {
  expect(statesOf('+---++')).toEqual(['healthy', 'healthy', 'healthy', 'unhealthy', 'unhealthy', 'healthy']);
});

test('a failure now and then says nothing, nor does a pass', () => {
  expect(new Set(statesOf('+--+--+--+'))).toEqual(new Set(['healthy']));
  expect(statesOf('---+-+-+-').slice(2)).toEqual(Array(7).fill('unhealthy'));
});

test('before the first pass nothing is known, and no single failure decides', () => {
  expect(statesOf('--')).toEqual(['unknown', 'unknown']);
  expect(statesOf('--+')).toEqual(['unknown', 'unknown', 'healthy']);
  expect(statesOf('---')).toEqual(['unknown', 'unknown', 'unhealthy']);
});

test('thresholds of one decide at once', () => {
  const once = { healthyAfter: 1, unhealthyAfter: 1 };
  const down = evaluateCheck(UNCHECKED, false, once);
  expect(down.kind).toBe('unhealthy');
  expect(evaluateCheck(down, true, once).kind).toBe('healthy');
});
