import { expect, it } from 'vitest';
import type { ShopResponse } from './shop-client.ts';
import { Counter } from './tally.ts';

const served = (side: string, reason: string) => ({ side, reason, durationMs: 1 }) as ShopResponse;

it('a late answer counts towards the phase of its request', () => {
  const counter = new Counter();
  counter.beginPhase('canary', true);
  const { phase } = counter;
  counter.beginPhase('live', true);
  counter.request(1, served('legacy', 'serve-flag-off'), false, phase);
  counter.request(2, served('candidate', 'serve-flag-on'), false, counter.phase);
  expect(counter.take()).toMatchObject({
    requests: 2,
    phase: { name: 'live', flagged: { legacy: 0, candidate: 1 }, users: { legacy: 0, candidate: 1 } },
  });
});

it('a user moved back by a rising share is counted, whenever the answer comes', () => {
  const counter = new Counter();
  counter.beginPhase('canary', true);
  const { phase } = counter;
  counter.request(1, served('candidate', 'serve-flag-on'), false, phase);
  counter.beginPhase('live', true);
  counter.request(1, served('legacy', 'serve-flag-off'), false, phase);
  expect(counter.take().usersMovedBack).toBe(1);
});
