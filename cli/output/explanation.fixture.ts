/** An explanation in which nothing is amiss: a user is moved by the flag. Tests amend it. */
import { callerCauses, flagCauses, reasons } from '@ficus/core';
import type { Explanation } from '@ficus/proxy';

export const ALL_MOVE: Explanation = {
  method: 'GET',
  path: '/api/notes',
  serve: 'candidate',
  shadow: null,
  reason: 'serve-flag-on',
  ...reasons['serve-flag-on'],
  answer: null,
  match: {
    kind: 'matched',
    path: '/api/notes',
    winner: { slice: 'notes', route: 'list', kind: 'read', pattern: '/api/notes', conditions: 0, needs: [] },
    why: 'it is the only route that matches',
    others: [],
    missed: [],
    alsoWrites: [],
  },
  noRoute: null,
  preflight: false,
  caller: {
    kind: 'user',
    name: 'ann',
    source: 'cookie sid, asked at /me of the legacy',
    cause: 'named-by-source',
    ...callerCauses['named-by-source'],
    detail: null,
  },
  force: null,
  slice: {
    name: 'notes',
    hasTables: true,
    kind: 'read',
    owner: 'legacy',
    epoch: 1,
    writes: 'open',
    heldForMs: null,
    guards: [],
  },
  pin: { pinned: false, who: null, wouldPin: [] },
  flag: {
    name: 'notes.serve',
    enabled: true,
    cause: 'on',
    ...flagCauses.on,
    percent: 25,
    strategies: [
      { name: 'flexibleRollout', includes: true, share: 25, bucket: 7, stickiness: 'userId', unmet: [] },
    ],
  },
  candidate: { breaker: 'closed', probeInMs: null, onBreakerOpen: 'legacy', addressesOut: 0 },
  generation: 1,
  flags: { provider: 'builtin', state: 'current', receivedAt: '2027-01-02T00:00:00.000Z', problem: null },
  control: 'connected',
  workers: { asked: 2, agree: 2, differ: [], silent: 0 },
};
