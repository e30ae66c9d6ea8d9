/**
 * Everything of one attempt that has sessions. Nothing is opened before it is needed, so that an attempt can be undone or
 * completed while one of the databases is away; `prepare` opens what the hold needs.
 */
import type { Sequences, StandingComparison, StillReport } from '@ficus/cdc';
import { type FicusConfig, FicusError, type Side } from '@ficus/core';
import type { ReplicationPort } from '../replications/replication-set.ts';
import type { VerifyOutcome } from '../replications/verify-runs.ts';
import { fenceOptionsOf } from '../writers/fence-options.ts';
import type { Attempt } from './attempt.ts';
import type { CutoverEngine } from './cutover-engine.ts';
import type { ComparePort, Comparison, SequencePort, Sides, StreamPort } from './ports.ts';
import { type SliceSides, sidesOf, urlOf } from './slice-sides.ts';

export interface SideParts {
  readonly config: () => FicusConfig;
  readonly engine: CutoverEngine;
  /** The stream of a direction, while it is open. */
  readonly port: (slice: string, direction: 'forward' | 'reverse') => ReplicationPort | undefined;
}

/** The stream whose changes come from this side. */
export const directionFrom = (side: Side): 'forward' | 'reverse' =>
  side === 'legacy' ? 'forward' : 'reverse';

const RAISE_MS = 5_000;
/** Rows that the hold compares in a few milliseconds. */
const FEW_ROWS = 50;
const MOST_NARROWINGS = 4;
const NARROW_MS = 500;

export interface OpenedSides extends Sides {
  /** Opens what the hold needs. */
  prepare(): Promise<void>;
  /** Sets the new owner's sequences ahead. */
  readonly sequenceReport: () => Promise<Sequences>;
}

/** @throws FicusError FICUS_SLICE_UNKNOWN, FICUS_CONTROL_NO_TABLES */
export function openSides(
  parts: SideParts,
  { slice, from, to }: Pick<Attempt, 'slice' | 'from' | 'to'>,
): OpenedSides {
  const places = sidesOf(parts.config(), slice);
  const fenceOf = (side: Side) => parts.engine.openFence(fenceOptionsOf(parts.config(), slice, side)!);
  const [oldFence, newFence] = [fenceOf(from), fenceOf(to)];
  const [direction, opposite] = [directionFrom(from), directionFrom(to)];
  const sequences = once(() =>
    parts.engine.openSequences({ ...places, operation: to === 'candidate' ? 'cutover' : 'rollback' }),
  );
  const comparison = once(() => openStanding(parts, places, from, to));
  return {
    oldFence,
    newFence,
    stream: streamPort(parts, slice, direction),
    back: streamPort(parts, slice, opposite),
    compare: comparePort(parts, places, { from, to }, comparison.get),
    sequences: sequencePort(sequences.get),
    sequenceReport: sequences.get,
    prepare: async () => {
      await Promise.all([sequences.get(), comparison.get()]);
    },
    close: async () => {
      await Promise.allSettled([
        oldFence.close(),
        newFence.close(),
        sequences.opened?.then((opened) => opened.close()),
        comparison.opened?.then((opened) => opened.close()),
      ]);
    },
  };
}

/** Opened at the first call; again at the next one if that failed. */
function once<T>(open: () => Promise<T>): {
  readonly get: () => Promise<T>;
  readonly opened: Promise<T> | undefined;
} {
  let opened: Promise<T> | undefined;
  return {
    get: () => {
      opened ??= open();
      const mine = opened;
      mine.catch(() => {
        if (opened === mine) opened = undefined;
      });
      return mine;
    },
    get opened() {
      return opened;
    },
  };
}

function streamPort(parts: SideParts, slice: string, direction: 'forward' | 'reverse'): StreamPort {
  return {
    isMoving: async (timeoutMs) => {
      const port = parts.port(slice, direction);
      return port !== undefined && (await port.waitForDurable(await port.currentPosition(), timeoutMs));
    },
    waitForPosition: async (lsn, timeoutMs) =>
      (await parts.port(slice, direction)?.waitForDurable(lsn, timeoutMs)) ?? false,
    isUnaltered: async () => parts.port(slice, direction)?.lookAtTables(),
    raiseEpoch: async (epoch) => {
      const port = parts.port(slice, direction);
      // One that is not open has the epoch when it opens.
      if (!port || (await changeEpoch(port, epoch))) return;
      throw new FicusError(
        'FICUS_CUTOVER_TOO_SLOW',
        `The ${direction} stream does not have epoch ${epoch} yet.`,
      );
    },
  };
}

/** A stream in a higher epoch belongs to a later attempt. */
async function changeEpoch(port: ReplicationPort, epoch: number): Promise<boolean> {
  try {
    return await port.changeEpoch(epoch, RAISE_MS);
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}

function openStanding(
  parts: SideParts,
  places: SliceSides,
  from: Side,
  to: Side,
): Promise<StandingComparison> {
  const direction = directionFrom(from);
  const stream = parts.port(places.slice, direction);
  if (!stream?.recordChanges || !stream.beginComparison)
    throw new FicusError(
      'FICUS_CUTOVER_NOT_READY',
      `The ${direction} stream of ${places.slice} does not run.`,
    );
  const { recordChanges, beginComparison } = stream as Required<ReplicationPort>;
  return parts.engine.openComparison({
    slice: places.slice,
    tables: places.tables,
    direction,
    sourceUrl: urlOf(places, from),
    targetUrl: urlOf(places, to),
    stream: { recordChanges: recordChanges.bind(stream), beginComparison: beginComparison.bind(stream) },
  });
}

function comparePort(
  parts: SideParts,
  places: SliceSides,
  { from, to }: { readonly from: Side; readonly to: Side },
  comparison: () => Promise<StandingComparison>,
): ComparePort {
  let keys: StillReport['keys'] | undefined;
  return {
    async narrow() {
      const stream = parts.port(places.slice, directionFrom(from));
      // What cannot be opened now fails the hold with its reason.
      const opened = await comparison().catch(() => undefined);
      if (stream && opened) await narrow(opened, stream).catch(() => undefined);
    },
    async rest(barrier, timeoutMs) {
      const report = await (await comparison()).compareStill(barrier, AbortSignal.timeout(timeoutMs));
      keys = report.keys;
      const compared = toComparison(report);
      // Equal here means equal for the way back, too: it has nothing else to compare than what changes from now on.
      if (compared.verdict === 'match') beginLedger(parts.port(places.slice, directionFrom(to)));
      return compared;
    },
    async again(timeoutMs) {
      const direction = directionFrom(to);
      const stream = parts.port(places.slice, direction);
      const isNothing = Object.values(keys ?? {}).every((rows) => rows.length === 0);
      if (!keys || isNothing || !stream) return { verdict: 'match', rows: 0, reason: '' };
      const outcome = await parts.engine.compareRows({
        ...{ slice: places.slice, tables: places.tables, direction, mode: { keys } },
        ...{ sourceUrl: urlOf(places, to), targetUrl: urlOf(places, from) },
        waitForApplied: (lsn, waitMs) => stream.waitForPosition(lsn, waitMs),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return toComparison(outcome);
    },
  };
}

/** Each comparison leaves what has changed while it ran. */
async function narrow(comparison: StandingComparison, stream: ReplicationPort): Promise<void> {
  for (let round = 0; round < MOST_NARROWINGS; round += 1) {
    const rows = await comparison.compareMoving((lsn, ms) => stream.waitForPosition(lsn, ms), NARROW_MS);
    if (rows === undefined || rows <= FEW_ROWS) return;
  }
}

function beginLedger(port: ReplicationPort | undefined): void {
  port?.recordChanges?.();
  port?.beginComparison?.().areEqual();
}

function toComparison(
  outcome: Pick<VerifyOutcome, 'verdict' | 'nothingChanged' | 'rowsCompared' | 'reason' | 'differences'>,
): Comparison {
  const rows = outcome.rowsCompared.source;
  if (outcome.verdict === 'match' || outcome.nothingChanged) return { verdict: 'match', rows, reason: '' };
  if (outcome.verdict === 'inconclusive')
    return { verdict: 'inconclusive', rows, reason: outcome.reason ?? 'The rows could not be compared.' };
  const tables = [...new Set(outcome.differences.map(({ from, to }) => `${from} and ${to}`))].join(', ');
  return { verdict: 'mismatch', rows, reason: `Rows differ between ${tables}.` };
}

function sequencePort(sequences: () => Promise<Sequences>): SequencePort {
  return {
    behind: async () => {
      const { ahead, sequences: states, findings } = await (await sequences()).compare();
      if (ahead) return [];
      const behind = states
        .filter((state) => !state.ahead)
        .map(
          ({ sequence, next, need }) =>
            `${sequence} would give ${next}, and ${need} is the first that is free.`,
        );
      const found = findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
      return behind.length + found.length > 0 ? [...behind, ...found] : ['A sequence cannot be read.'];
    },
  };
}
