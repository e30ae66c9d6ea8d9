/** What the other side lacks reaches the proxies whenever it changes, also by way of what is not known. */
import type { ReplicationStatus, Side, StateEvent } from '@ficus/core';
import { expect, test } from 'vitest';
import { OwnerStreams } from '../replications/owner-streams.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { SliceStates, StoredSlice } from '../store/slice-states.ts';
import { StateHub } from './state-hub.ts';

type Stream = Pick<ReplicationStatus, 'state' | 'problem'> & { readonly copied: boolean | undefined };

const problem = { code: 'FICUS_CDC_NARROWER', message: 'narrower', remedy: 'widen' };
const RUNS: Stream = { state: 'streaming', problem: undefined, copied: true };
const STOPPED: Stream = { state: 'stopped', problem, copied: true };
const NEW: Stream = { state: 'starting', problem: undefined, copied: undefined };

function follow(first: Stream) {
  const streams = new Map([['notes', first]]);
  let notify = (): void => undefined;
  const replications = {
    get slices() {
      return [...streams.keys()];
    },
    status: (slice: string) => streams.get(slice),
    copied: (slice: string) => streams.get(slice)?.copied,
    subscribe: (listener: () => void) => {
      notify = listener;
      return () => undefined;
    },
  } as unknown as ReplicationSet;
  const stored = new Map([['notes', { owner: 'legacy', epoch: 1, writes: 'open', retired: false }]]);
  const back = { port: () => undefined, status: () => undefined, subscribe: () => () => undefined };
  const owned = new OwnerStreams(replications, back, () => stored.get('notes')!.owner as Side);
  const writes = { of: (_: string, { retired, ...state }: StoredSlice) => state };
  const hub = new StateHub({ all: () => stored } as unknown as SliceStates, writes, owned);
  const sent: (StateEvent['slices'][string] | undefined)[] = [];
  hub.subscribe(({ slices }) => sent.push(slices.notes));
  return {
    hub,
    lacks: () => sent.map((state) => (state && 'lacks' in state ? state.lacks : 'nothing')),
    becomes: (stream: Stream) => {
      streams.set('notes', stream);
      notify();
    },
    ends: () => streams.delete('notes'),
  };
}

test('a stream that is opened again after its problem lacks nothing in the end', () => {
  const { lacks, becomes } = follow(RUNS);
  for (const stream of [STOPPED, STOPPED, NEW, RUNS, RUNS]) becomes(stream);
  // The first one tells that nothing is lacking; proxies that connect get it as well.
  expect(lacks()).toEqual(['changes', null, 'nothing']);
});

test('a stream that has left the config lacks nothing with the next announcement', () => {
  const { hub, lacks, becomes, ends } = follow(STOPPED);
  becomes(STOPPED);
  ends();
  hub.announce();
  expect(lacks()).toEqual(['changes', 'nothing']);
});
