import type { SliceState } from '@ficus/core';
import { expect, test } from 'vitest';
import { ANONYMOUS } from '../identify/identity.ts';
import type { Gate, RequestHost } from '../snapshot/request-host.ts';
import { WritePins } from './write-pins.ts';

const open = (owner: 'legacy' | 'candidate', epoch: number): SliceState => ({ owner, epoch, writes: 'open' });
const held: SliceState = { owner: 'legacy', epoch: 1, writes: 'held', waitMs: 1_000 };

function makePins() {
  const states = new Map([
    ['notes', open('legacy', 1)],
    ['tags', open('legacy', 1)],
  ]);
  const leaveAtOnce: Gate['enter'] = (_, leave) => {
    leave(undefined);
    return () => {};
  };
  const gate: Gate = {
    enter: leaveAtOnce,
    enterAgain: leaveAtOnce,
    pin: () => {},
    unpin: () => {},
  };
  const host = {
    gate,
    stateOf: (slice: string) => states.get(slice)!,
    pins: { keyFor: (_: string, key: string) => key },
  };
  const pins = new WritePins(host as unknown as RequestHost, ANONYMOUS, undefined);
  return { pins, states };
}

test('a write is outdated while a slice that it writes is held, and once its owner has changed', () => {
  const { pins, states } = makePins();
  pins.add('notes', 'ada');
  pins.add('tags', 'ada');
  pins.passGate(() => {});
  expect(pins.isOutdated).toBe(false);
  states.set('tags', held);
  expect(pins.isOutdated).toBe(true);
  states.set('tags', open('legacy', 1));
  expect(pins.isOutdated).toBe(false);
  states.set('tags', open('candidate', 2));
  expect(pins.isOutdated).toBe(true);
  pins.passGateAgain(() => {});
  expect(pins.isOutdated).toBe(false);
});

test('a request without pins is never outdated', () => {
  const { pins, states } = makePins();
  pins.add('notes', undefined);
  pins.passGate(() => {});
  states.set('notes', held);
  expect(pins.isOutdated).toBe(false);
});
