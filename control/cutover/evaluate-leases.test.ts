import { expect, test } from 'vitest';
import { evaluateLeases, type LeaseMember } from './evaluate-leases.ts';

const OUT_MS = 3_000;
const hold = { attempt: 2, inFlight: 0, held: 0, heldBytes: 0, full: false, receivedAt: 1_000 } as const;

const member = (over: Partial<LeaseMember>): LeaseMember => ({
  ...{ name: 'Proxy a', from: undefined, connected: true, known: true, silentMs: 500, hold: undefined },
  ...over,
});
const leased = member({ hold: { ...hold, writes: 'leased', inFlight: 3 } });
const holding = member({ hold: { ...hold, writes: 'held', inFlight: 2 } });
const drained = member({ hold: { ...hold, writes: 'held' } });

const missing = (members: LeaseMember[], phase: 'leased' | 'drained', now = 1_100) =>
  evaluateLeases(members, phase, OUT_MS, now).missing;

test.each([
  ['one that has acknowledged', leased, []],
  ['one that holds already', drained, []],
  ['a silent one', member({}), ['Proxy a has not acknowledged.']],
  [
    'one that is gone for a moment',
    member({ connected: false, silentMs: 12_000 }),
    ['Proxy a is not connected; its last report came 12 s ago.'],
  ],
  [
    'one of an earlier version',
    member({ known: false, name: 'A proxy at ::1' }),
    ['A proxy at ::1 does not tell who it is: it runs an earlier version.'],
  ],
])('leased: %s', (_, one, expected) => {
  expect(missing([drained, one], 'leased')).toEqual(expected);
});

test.each([
  ['one that has drained', drained, []],
  ['one that does not hold yet', leased, ['Proxy a does not hold yet.']],
  ['one with writes under way', holding, ['Proxy a still has 2 writes under way.']],
  [
    'one with an upload',
    member({ hold: { ...hold, writes: 'held', inFlight: 1, endless: { upload: 1 } } }),
    ['Proxy a still has 1 write under way (1 of upload that may not end soon).'],
  ],
  [
    'one whose writes have lost their clients: the fence waits for them',
    member({ hold: { ...hold, writes: 'held', inFlight: 2, orphaned: 2 } }),
    [],
  ],
  ['one that came and left meanwhile', member({ connected: false }), []],
  ['one that came meanwhile, and has not said that it holds', member({}), ['Proxy a has not acknowledged.']],
])('drained: %s', (_, one, expected) => {
  expect(missing([drained, one], 'drained')).toEqual(expected);
});

test('a silent proxy is counted out when its lease has run out, and not before', () => {
  expect(missing([leased], 'drained', 3_999)).toHaveLength(1);
  expect(missing([leased], 'drained', 4_000)).toEqual([]);
  expect(evaluateLeases([leased, drained], 'drained', OUT_MS, 3_000).nextAt).toBe(4_000);
  expect(evaluateLeases([drained], 'drained', OUT_MS, 3_000).nextAt).toBeUndefined();
});

test('one that can hold no more is named, with its reporter', () => {
  const full = member({
    name: 'Proxy b',
    from: 'from ::1, token edge',
    hold: { ...hold, writes: 'held', full: true },
  });
  expect(evaluateLeases([drained, full], 'drained', OUT_MS, 1_100).full).toBe(
    'Proxy b (from ::1, token edge)',
  );
  expect(evaluateLeases([drained], 'drained', OUT_MS, 1_100).full).toBeUndefined();
});
