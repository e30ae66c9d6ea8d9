import { REASONS, type Side } from '@ficus/core';
import { expect, test } from 'vitest';
import type { MatchedRoute } from '../match/route-table.ts';
import { TrafficCounters } from './traffic-counters.ts';

const routes = ['list', 'show'].map(
  (id, index) => ({ slice: 'notes', index, route: { id } }) as MatchedRoute,
);
const SIDES: readonly Side[] = ['legacy', 'candidate'];

test('each route, side and reason has a cell of its own', () => {
  const counters = new TrafficCounters(routes, ['notes']);
  const expected = [...routes, undefined].flatMap((route, at) =>
    SIDES.flatMap((side, sideAt) =>
      REASONS.map((reason, reasonAt) => {
        const requests = 1 + at * 100 + sideAt * 50 + reasonAt;
        for (let n = 0; n < requests; n += 1) counters.count(route, side, reason, n === 0, 2);
        const slice = route?.slice ?? '';
        return {
          slice,
          route: route?.route.id ?? '',
          side,
          reason,
          requests,
          failures: 1,
          durationMs: requests * 2,
        };
      }),
    ),
  );
  expect(counters.take()?.traffic).toEqual(expected);
  expect(counters.take()).toBeUndefined();
});

test('copies that were dropped are counted by slice and reason', () => {
  const counters = new TrafficCounters(routes, ['notes']);
  counters.dropCopy('notes', 'memory');
  counters.dropCopy('notes', 'memory');
  counters.dropCopy('notes', 'body');
  expect(counters.take()?.droppedCopies).toEqual([
    { slice: 'notes', reason: 'memory', copies: 2 },
    { slice: 'notes', reason: 'body', copies: 1 },
  ]);
});
