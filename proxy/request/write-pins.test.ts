import type { SliceState } from '@ficus/core';
import { expect, test } from 'vitest';
import { evaluatePassage, type Lease } from '../hold/evaluate-passage.ts';
import { SliceWrites } from '../hold/slice-writes.ts';
import { ANONYMOUS } from '../identify/identity.ts';
import type { Gate } from '../snapshot/request-host.ts';
import { WritePins } from './write-pins.ts';

const open = (owner: 'legacy' | 'candidate', epoch: number): SliceState => ({ owner, epoch, writes: 'open' });
const ATTEMPT = { owner: 'legacy', epoch: 1, attempt: 4, leaseMs: 100, waitMs: 1_000 } as const;
const leased: SliceState = { ...ATTEMPT, writes: 'leased' };
const held: SliceState = { ...ATTEMPT, writes: 'held' };

function makePins() {
  const states = new Map([
    ['notes', open('legacy', 1)],
    ['tags', open('legacy', 1)],
  ]);
  const clock = { now: 0 };
  const leases = new Map<string, Lease>();
  const writes = new SliceWrites({ now: () => 0, later: () => {} });
  const gate: Gate = {
    enter: (write) => write.leave(undefined),
    enterAgain: (write) => write.leave(undefined),
    goesBehind: () => false,
    abandon: () => {},
    over: () => {},
    pin: () => {},
    unpin: () => {},
  };
  const host = {
    gate,
    writes,
    stateOf: (slice: string) => states.get(slice)!,
    passage: (slice: string) => evaluatePassage(states.get(slice)!, leases.get(slice), () => clock.now),
    pins: { keyFor: (_: string, key: string) => key },
  };
  const state = { host, identity: ANONYMOUS, name: {}, endless: false, route: undefined };
  const pins = new WritePins(state as unknown as ConstructorParameters<typeof WritePins>[0]);
  return { pins, states, writes, clock, leases };
}

test('a write is not sent while a slice that it writes is held, nor once its owner has changed', () => {
  const { pins, states, writes } = makePins();
  pins.add('notes', 'ada', 'ada');
  pins.add('tags', 'ada', 'ada');
  pins.passGate(() => {});
  expect(pins.isOutdated).toBe(false);
  states.set('tags', held);
  expect([pins.isOutdated, pins.trySend(), writes.inFlight('notes')]).toEqual([true, false, 0]);
  states.set('tags', open('legacy', 1));
  expect(pins.isOutdated).toBe(false);
  states.set('tags', open('candidate', 2));
  expect([pins.isOutdated, pins.trySend(), writes.inFlight('tags')]).toEqual([true, false, 0]);
  pins.passGateAgain(() => {});
  expect([pins.isOutdated, pins.trySend()]).toEqual([false, true]);
  expect([writes.inFlight('notes'), writes.inFlight('tags')]).toEqual([1, 1]);
});

test('under an attempt a write is sent only by a proxy with a valid lease for that attempt', () => {
  const { pins, states, clock, leases } = makePins();
  pins.add('notes', 'ada', 'ada');
  pins.passGate(() => {});
  states.set('notes', leased);
  expect(pins.trySend()).toBe(false);
  leases.set('notes', { attempt: 3, untilMs: 100 });
  expect(pins.trySend()).toBe(false);
  leases.set('notes', { attempt: 4, untilMs: 100 });
  expect(pins.trySend()).toBe(true);
  clock.now = 100;
  expect(pins.isOutdated).toBe(true);
});

test('a slice without pins counts as well; a request that writes no slice is never outdated', () => {
  const { pins, states } = makePins();
  pins.add('notes', undefined, undefined);
  pins.passGate(() => {});
  states.set('notes', held);
  expect([pins.isEmpty, pins.isOutdated]).toEqual([true, true]);
  const other = makePins();
  other.pins.holdSessions(['s1']);
  other.pins.passGate(() => {});
  other.states.set('notes', held);
  expect(other.pins.trySend()).toBe(true);
});
