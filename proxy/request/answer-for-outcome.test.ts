import { expect, test } from 'vitest';
import { answerForOutcome } from './answer-for-outcome.ts';
import { failed } from './outcome.fixture.ts';

test.each([
  ['upstream', 'connect', 'refused', 'FICUS_PROXY_UPSTREAM_UNREACHABLE'],
  ['upstream', 'first-byte', 'reset', 'FICUS_PROXY_UPSTREAM_RESET'],
  ['upstream', 'receive', 'reset', 'FICUS_PROXY_UPSTREAM_RESET'],
  ['upstream', 'first-byte', 'timed-out', 'FICUS_PROXY_UPSTREAM_TIMEOUT'],
  ['upstream', 'receive', 'invalid', 'FICUS_PROXY_UPSTREAM_INVALID'],
  ['upstream', 'queue', 'overloaded', 'FICUS_PROXY_OVERLOADED'],
  ['upstream', 'queue', 'timed-out', 'FICUS_PROXY_OVERLOADED'],
  ['client', 'send', 'invalid', 'FICUS_PROXY_BAD_REQUEST'],
  ['client', 'send', 'timed-out', 'FICUS_PROXY_REQUEST_TIMEOUT'],
  ['client', 'send', 'too-large', 'FICUS_PROXY_BODY_TOO_LARGE'],
  ['client', 'send', 'cancelled', undefined],
] as const)('%s, %s, %s: %s', (side, phase, cause, code) => {
  expect(answerForOutcome(failed({ side, phase, cause }), 'legacy')?.code).toBe(code);
});

test('a client that has seen part of an answer is given no other', () => {
  const outcome = failed({ side: 'upstream', phase: 'receive', cause: 'reset', responseStarted: true });
  expect(answerForOutcome(outcome, 'legacy')).toBeUndefined();
});
