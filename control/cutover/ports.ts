/**
 * What an attempt needs of the rest of Ficus: small interfaces, so that every step is tested against fakes, and crashes at
 * every step.
 */
import type { Fence } from '@ficus/cdc';
import type { CutoverStep, Side } from '@ficus/core';
import type {
  Attempt,
  AttemptFailure,
  AttemptRecord,
  AttemptRow,
  EndlessWrite,
  Operation,
  PausePart,
  Refusal,
  Timings,
} from './attempt.ts';

export interface AttemptWish {
  readonly slice: string;
  readonly operation: Operation;
  readonly rehearsal: boolean;
  readonly noWayBack: boolean;
  readonly actor: string;
  readonly reason: string;
}

/** The journal; every change is a compare and set. */
export interface Journal {
  /**
   * @param above epochs of the slice's fences: the attempt's is higher
   * @throws FicusError FICUS_CUTOVER_BUSY, FICUS_CUTOVER_OWNER_THERE, FICUS_CUTOVER_RETIRED
   */
  begin(wish: AttemptWish, above: number): Promise<AttemptRow>;
  /** False when the attempt has ended, or is in the journal. */
  enter(attempt: Attempt, step: CutoverStep): Promise<boolean>;
  /**
   * Point of no return: owner, epoch and audit in one transaction. False when the attempt has ended, or the slice is not
   * as it was: then nothing is changed.
   */
  commit(attempt: Attempt, barrier: string, timings: Timings): Promise<boolean>;
  /** Null for a rehearsal that went as intended. Returns the row as it is afterwards: an attempt in the journal stays. */
  abandon(attempt: Attempt, failure: AttemptFailure | null, record: AttemptRecord): Promise<AttemptRow>;
  /** Ends it: after the last step, or once an abandoned one is undone. */
  finish(attempt: Attempt, record: AttemptRecord): Promise<AttemptRow>;
}

/** The writes of a slice at the proxies. Each call replaces what was announced for the attempt before. */
export interface WriteGate {
  /** Resolves when every proxy has acknowledged. @throws FicusError FICUS_CUTOVER_PROXY_NOT_READY */
  lease(attempt: Attempt, timeoutMs: number): Promise<void>;
  /**
   * Resolves when no proxy sends a write of the slice any more, and those that were sent have ended.
   * @throws FicusError FICUS_CUTOVER_PROXY_NOT_READY, FICUS_CUTOVER_HOLD_FULL
   */
  hold(attempt: Attempt, timeoutMs: number): Promise<void>;
  /**
   * Resolves when no write is under way that may not end soon, and no lease of a proxy that has gone away: a hold would wait
   * for it, and all other writes with it.
   * @throws FicusError FICUS_CUTOVER_ENDLESS
   */
  drainEndless(attempt: Attempt, timeoutMs: number): Promise<void>;
  /** Writes under way that may not end soon, as last acknowledged. */
  endless(attempt: Attempt): readonly EndlessWrite[];
  /** Rejects when a proxy can hold no more; never resolves. */
  broken(attempt: Attempt): Promise<never>;
  /** Announces owner and epoch as the journal has them now; writes stay held. */
  adopt(slice: string, owner: Side, epoch: number): void;
  /** Writes go to the owner again. */
  open(slice: string): void;
  /** Which proxies have not applied the epoch in that time; by name. */
  lateProxies(attempt: Attempt, timeoutMs: number): Promise<readonly string[]>;
}

export type FencePort = Pick<Fence, 'state' | 'turn' | 'install' | 'blockers' | 'gaps'>;

/** One direction of a slice's streams. */
export interface StreamPort {
  /** True once everything before the position is applied, durably. */
  waitForPosition(lsn: string, timeoutMs: number): Promise<boolean>;
  /** Whether everything that is committed now is applied, durably, within this time. */
  isMoving(timeoutMs: number): Promise<boolean>;
  /**
   * Whether the tables of both sides are as they were when the stream started, and have lost no rows with a partition just
   * now; undefined when that cannot be seen. Another session of the stream does not know what the one before has seen.
   */
  isUnaltered(): Promise<boolean | undefined>;
  /** Afterwards no process with a lower epoch can apply anything. */
  raiseEpoch(epoch: number): Promise<void>;
}

export interface Comparison {
  readonly verdict: 'match' | 'mismatch' | 'inconclusive';
  readonly rows: number;
  /** Of anything but a match: why, in a sentence. */
  readonly reason: string;
}

/** Rows changed since the comparison that arm has made, on sessions that are open already. */
export interface ComparePort {
  /** While both sides move: what it finds equal, `rest` need not compare. Never fails. */
  narrow(): Promise<void>;
  /** Both sides stand still: the old owner is fenced, the barrier applied. */
  rest(barrier: string, timeoutMs: number): Promise<Comparison>;
  /** The same rows once more, while both sides move. */
  again(timeoutMs: number): Promise<Comparison>;
}

export interface SequencePort {
  /** Why a sequence of the new owner is behind; empty when all are ahead. */
  behind(): Promise<readonly string[]>;
}

/** Everything of one attempt that has sessions; opened before the hold. */
export interface Sides {
  readonly oldFence: FencePort;
  readonly newFence: FencePort;
  /** Carries the old owner's changes to the new one. */
  readonly stream: StreamPort;
  /** The other way. */
  readonly back: StreamPort;
  readonly compare: ComparePort;
  readonly sequences: SequencePort;
  close(): Promise<void>;
}

export interface ArmReport {
  /** Why the attempt must not go on; each by itself. */
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
  /** Those of them that the attempt before had, too. */
  readonly asBefore?: readonly string[];
  /** Of a rehearsal: measured. */
  readonly estimate?: readonly PausePart[];
}

export interface CutoverPorts {
  readonly journal: Journal;
  readonly gate: WriteGate;
  open(attempt: Pick<Attempt, 'slice' | 'from' | 'to'>): Promise<Sides>;
  /** Everything that needs no outage, and what would prevent the change. */
  arm(attempt: Attempt, sides: Sides): Promise<ArmReport>;
  /** Of any origin. Milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}
