import { sliceSchema } from '@ficus/core';
import { expect, it } from 'vitest';
import type { CandidateFacts } from '../traffic/candidate-watch.ts';
import { buildCandidateView, buildLegacyView } from './build-candidate-view.ts';

const slice = (over: object = {}) =>
  sliceSchema.parse({
    candidate: { url: 'http://127.0.0.1:1' },
    routes: [{ id: 'list', path: '/notes' }],
    ...over,
  });
const failing = (over: Partial<CandidateFacts>): CandidateFacts => ({
  ...{ state: 'fails', failingSince: 0, answeredAt: undefined, breakersOpen: 0, failingChecks: 0 },
  ...{ failure: 'no answer', askedAt: undefined },
  ...over,
});

it.each<[Partial<CandidateFacts>, object, boolean, string]>([
  [
    { failingChecks: 1 },
    {},
    true,
    'fails the health checks of 1 proxy. There, the legacy serves its requests.',
  ],
  [
    { failingChecks: 2, breakersOpen: 4 },
    {},
    false,
    'fails the health checks of 2 proxies. The serve flag gives it no requests.',
  ],
  [
    { failingChecks: 1 },
    { onBreakerOpen: 'fail' },
    true,
    'fails the health checks of 1 proxy. Its requests are sent to it nevertheless.',
  ],
  [
    { failingChecks: 1, breakersOpen: 2 },
    { onBreakerOpen: 'fail' },
    true,
    'fails the health checks of 1 proxy. Its requests are refused with 503.',
  ],
  [
    { state: 'answers', answeredAt: 9, breakersOpen: 1 },
    {},
    true,
    'answers, but not all proxies: its circuit breaker is open in 1 worker. There, the legacy serves its requests.',
  ],
  [
    { state: 'answers', answeredAt: 9, breakersOpen: 2 },
    { onBreakerOpen: 'fail' },
    true,
    'answers, but not all proxies: its circuit breaker is open in 2 workers. There, its requests are refused with 503.',
  ],
])('%o is said with what follows from it', (facts, over, serves, text) => {
  expect(buildCandidateView(failing(facts), slice(over), serves).text).toBe(`The candidate ${text}`);
});

it('a legacy that fails its checks is said to get its requests', () => {
  expect(buildLegacyView(0).text).toBeNull();
  expect(buildLegacyView(2).text).toBe(
    'The legacy fails the health checks of 2 proxies. Its requests are sent to it nevertheless.',
  );
});

const checked = { candidate: { url: 'http://127.0.0.1:1', health: { path: '/healthz' } } };

it.each<[Partial<CandidateFacts>, object, string, string]>([
  [{ askedAt: 30_000, failure: 'errors' }, {}, 'answers with errors', 'answers with errors.'],
  [{ askedAt: 30_000 }, {}, 'does not answer', 'does not answer.'],
  [
    { askedAt: 10_000, failure: 'errors', breakersOpen: 1 },
    {},
    'answered with errors, and had no request since',
    'answered with errors when it had its last request, 30 s ago: its circuit breaker is open in 1 worker of the proxies. The next request asks it again.',
  ],
  [
    { askedAt: 10_000 },
    {},
    'did not answer, and had no request since',
    'did not answer when it had its last request, 30 s ago. The next request asks it again.',
  ],
  [
    { askedAt: 10_000, breakersOpen: 1 },
    checked,
    'did not answer, and had no request since',
    'did not answer when it had its last request, 30 s ago: its circuit breaker is open in 1 worker of the proxies. No proxy says that its health checks fail. The next request asks it again.',
  ],
  [{ askedAt: 30_000 }, checked, 'does not answer', 'does not answer.'],
])('%o: how it fails, and whether that is known of now', (facts, over, short, text) => {
  const view = buildCandidateView(failing(facts), slice(over), true, 40_000);
  expect(view.failure).toBe(short);
  expect(view.text).toBe(`The candidate ${text} The legacy serves its requests.`);
});
