import { expect, test } from 'vitest';
import { evaluateControl, evaluateMutant, type Failure, type Outcomes } from './evaluate-run.ts';

const FILE = 'a.test.ts';
const named = (test: string) => ({ file: FILE, test });
const assertion: Failure = { isAssertion: true, message: 'AssertionError: expected 1 to be 2\nmore' };
const timeout: Failure = { isAssertion: false, message: 'TestTimeoutError: timed out' };

const outcomes = (
  states: Record<string, 'passed' | 'skipped' | Failure>,
  outside: Failure[] = [],
): Outcomes => ({
  tests: Object.entries(states).map(([test, state]) =>
    typeof state === 'string'
      ? { ...named(test), state, failures: [] }
      : { ...named(test), state: 'failed', failures: [state] },
  ),
  outside,
});

test.each<[string, Outcomes, string, string]>([
  ['both fail by assertions', outcomes({ a: assertion, b: assertion }), 'caught', 'expected 1 to be 2'],
  ['one passes', outcomes({ a: assertion, b: 'passed' }), 'survived', 'b passed'],
  ['one passes, and the other times out', outcomes({ a: timeout, b: 'passed' }), 'survived', 'b passed'],
  ['one times out', outcomes({ a: assertion, b: timeout }), 'inconclusive', 'b: TestTimeoutError'],
  ['one does not run', outcomes({ a: assertion, b: 'skipped' }), 'inconclusive', 'b did not run'],
  ['the module does not load', outcomes({}, [timeout]), 'inconclusive', 'TestTimeoutError: timed out (a did'],
])('%s', (_, given, kind, why) => {
  const verdict = evaluateMutant([named('a'), named('b')], given);
  expect(verdict).toEqual({ kind, why: expect.stringContaining(why) });
});

test('a test of the same name in another file proves nothing', () => {
  const verdict = evaluateMutant([{ file: 'b.test.ts', test: 'a' }], outcomes({ a: assertion }));
  expect(verdict.kind).toBe('inconclusive');
});

test('without a mutant each must pass', () => {
  const control = (given: Outcomes) => evaluateControl([named('a')], given);
  expect(control(outcomes({ a: 'passed', b: timeout }))).toBeUndefined();
  expect(control(outcomes({ a: assertion }))).toContain('a fails without the mutant, too: AssertionError');
  expect(control(outcomes({ a: 'skipped' }))).toContain('has no test “a”');
});
