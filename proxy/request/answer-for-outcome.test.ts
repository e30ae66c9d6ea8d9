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
  expect(answerForOutcome(failed({ side, phase, cause }), 'legacy', 'POST')?.code).toBe(code);
});

test.each([
  ['GET', 'receive', 'too-many-streams', 'FICUS_PROXY_OVERLOADED', 1],
  ['POST', 'receive', 'too-many-streams', 'FICUS_PROXY_STREAM_NOT_PASSED', undefined],
  ['DELETE', 'receive', 'too-many-streams', 'FICUS_PROXY_STREAM_NOT_PASSED', undefined],
  ['POST', 'queue', 'overloaded', 'FICUS_PROXY_OVERLOADED', 1],
  ['POST', 'connect', 'overloaded', 'FICUS_PROXY_OVERLOADED', 1],
] as const)('%s, %s, %s: %s, again after %s s', (method, phase, cause, code, retryAfterSeconds) => {
  const answer = answerForOutcome(failed({ phase, cause }), 'legacy', method);
  expect(answer?.code).toBe(code);
  expect(answer?.retryAfterSeconds).toBe(retryAfterSeconds);
});

test('a client that has seen part of an answer is given no other', () => {
  const outcome = failed({ side: 'upstream', phase: 'receive', cause: 'reset', responseStarted: true });
  expect(answerForOutcome(outcome, 'legacy', 'GET')).toBeUndefined();
});
