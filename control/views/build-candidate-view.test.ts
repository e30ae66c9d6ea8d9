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
])('%o is said with what follows from it', (facts, over, serves, text) => {
  expect(buildCandidateView(failing(facts), slice(over), serves).text).toBe(`The candidate ${text}`);
});

it('a legacy that fails its checks is said to get its requests', () => {
  expect(buildLegacyView(0).text).toBeNull();
  expect(buildLegacyView(2).text).toBe(
    'The legacy fails the health checks of 2 proxies. Its requests are sent to it nevertheless.',
  );
});
