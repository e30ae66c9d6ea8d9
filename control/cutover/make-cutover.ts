/** Puts the coordinator together from the control plane's parts. */
import type { FicusConfig } from '@ficus/core';
import type { Logger } from 'pino';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { ReverseStreams } from '../replications/reverse-streams.ts';
import type { RunVerify, VerifyOutcome } from '../replications/verify-runs.ts';
import type { Store } from '../store/open-store.ts';
import type { SliceStates } from '../store/slice-states.ts';
import type { ArmContext, KnownVerify, WritersVerdict } from './arm/arm-context.ts';
import { armSlice } from './arm/arm-slice.ts';
import type { AttemptRow } from './attempt.ts';
import type { AttemptJournal } from './attempt-journal.ts';
import { Coordinator } from './coordinator.ts';
import type { CutoverEngine } from './cutover-engine.ts';
import { directionFrom, type OpenedSides, openSides } from './open-sides.ts';
import { sidesOf, urlOf } from './slice-sides.ts';
import type { CutoverLimits } from './work.ts';
import type { WriteStates } from './write-states.ts';

export interface CutoverFactory {
  readonly store: Store;
  readonly journal: AttemptJournal;
  readonly states: SliceStates;
  readonly writes: WriteStates;
  readonly limits: CutoverLimits;
  readonly logger: Logger;
  readonly config: () => FicusConfig;
  readonly engine: CutoverEngine;
  readonly runVerify: RunVerify;
  readonly forward: ReplicationSet;
  readonly reverse: ReverseStreams;
  readonly lastVerify: (slice: string) => KnownVerify | undefined;
  /** Of all rows, kept as evidence like any other. */
  readonly verifyFull: (slice: string) => Promise<VerifyOutcome>;
  readonly writers: (slice: string) => Promise<WritersVerdict | undefined>;
}

/** @param last newest attempt of each slice */
export function makeCoordinator(
  factory: CutoverFactory,
  last: readonly AttemptRow[],
): Coordinator<OpenedSides> {
  const { config, engine, forward, reverse } = factory;
  const port = (slice: string, direction: 'forward' | 'reverse') =>
    (direction === 'forward' ? forward : reverse).port(slice);
  return new Coordinator<OpenedSides>(
    {
      ...factory,
      open: (attempt) => openSides({ config, engine, port }, attempt),
      arm: (row, sides, signal) => armSlice(contextOf(factory, row, sides, signal)),
    },
    last,
  );
}

function contextOf(
  factory: CutoverFactory,
  attempt: AttemptRow,
  sides: OpenedSides,
  signal: AbortSignal,
): ArmContext {
  const { slice, from, to } = attempt;
  const { config, engine, forward, reverse, store } = factory;
  const setOf = (which: 'stream' | 'back') =>
    directionFrom(which === 'stream' ? from : to) === 'forward' ? forward : reverse;
  const places = sidesOf(config(), slice);
  return {
    ...{ attempt, sides, engine, signal, places },
    config: config().slices[slice]!,
    port: (which) => setOf(which).port(slice),
    status: (which) => setOf(which).status(slice),
    onStatus: (listener) => bothOf(forward.subscribe(listener), reverse.subscribe(listener)),
    copied: () => forward.copied(slice),
    armReverse: () => reverse.arm(slice),
    disarmReverse: () => reverse.disarm(slice),
    reverseMadeAtMs: () => reverse.madeAt(slice)?.getTime(),
    lastVerify: () => factory.lastVerify(slice),
    verifyFull: () => factory.verifyFull(slice),
    verifyRecent: () =>
      factory.runVerify({
        ...{ slice, tables: places.tables, direction: directionFrom(from), resume: undefined, signal },
        ...{ sourceUrl: urlOf(places, from), targetUrl: urlOf(places, to), mode: 'recent' },
        replication: setOf('stream').port(slice),
        onProgress: () => undefined,
      }),
    writers: () => factory.writers(slice),
    journalMs: async () => {
      const startedAt = performance.now();
      await store.query('SELECT 1');
      return performance.now() - startedAt;
    },
    now: () => Date.now(),
    note: () => undefined,
  };
}

const bothOf = (one: () => void, other: () => void) => () => {
  one();
  other();
};
