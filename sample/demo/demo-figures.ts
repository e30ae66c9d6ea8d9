/** The demo's closing figures, and the promises that they are checked against. Pure. */
import type { ClientPause } from '../audit/client-pause.ts';
import type { Tally } from '../load/tally.ts';
import type { SideDoorFigures } from './side-door.ts';

export interface StageFigures {
  readonly stage: string;
  readonly askedPercent: number;
  /** Share of flagged reads that the candidate served, in percent. */
  readonly measuredPercent: number;
  readonly requests: number;
  readonly users: number;
}

export type ChangeOperation = 'cutover' | 'rollback';

/** A change of the owner of the writes. */
export interface ChangeFigures {
  readonly operation: ChangeOperation;
  readonly isDone: boolean;
  /** All of them, the successful one included. */
  readonly attempts: number;
  /** Why the others were refused or abandoned. */
  readonly failures: readonly string[];
  readonly epoch: number;
  /** How long writes were held, as the journal has it; null while the owner has not changed. */
  readonly pauseMs: number | null;
  readonly clients: ClientPause;
  readonly stepsMs: Readonly<Record<string, number | null>>;
  /** Of the machine's cores, when it ended; null where that is not known. */
  readonly busyPercent: number | null;
}

/** The slice's writes, each looked up by its key in both databases. */
export interface WriteFigures {
  readonly acknowledged: number;
  readonly failed: number;
  /** Acknowledged writes, by the side that took them. */
  readonly takenBy: { readonly legacy: number; readonly candidate: number };
  readonly onLegacy: LookUp;
  readonly onCandidate: LookUp;
}

/** A write that a later one of the same user has replaced cannot be looked up. */
export interface LookUp {
  readonly lookedUp: number;
  readonly missing: number;
  readonly twice: number;
  /** The keys of some that are missing. */
  readonly missingKeys: readonly string[];
}

export interface DemoFigures {
  /** What comes after the cutover. */
  readonly ending: 'rollback' | 'retire';
  readonly changes: readonly ChangeFigures[];
  /** Null when there was no cutover. */
  readonly sideDoor: SideDoorFigures | null;
  readonly retired: boolean;
  readonly sliceWrites: WriteFigures;
  readonly requests: number;
  readonly writes: number;
  readonly requestsPerSecond: number;
  readonly failures: number;
  readonly failureSamples: readonly string[];
  readonly stages: readonly StageFigures[];
  readonly usersMovedBack: number;
  readonly readsAfterWrite: number;
  readonly staleReads: number;
  readonly parity: {
    readonly match: number;
    readonly mismatch: number;
    readonly stale: number;
    readonly noise: number;
    readonly inconclusive: number;
  };
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly samples: number };
  readonly rows: {
    readonly legacy: number;
    readonly candidate: number;
    readonly equal: number;
    readonly different: number;
  };
  readonly seconds: number;
}

/** Share of the flagged reads in a phase that the candidate served, in percent, to one decimal. */
export function measuredShare(tally: Tally): number {
  const { legacy, candidate } = tally.phase.flagged;
  return !isCounted(tally) ? 0 : Math.round((candidate / (legacy + candidate)) * 1000) / 10;
}

/** False at the beginning of a phase: 0 % would be wrong. */
export function isCounted({ phase: { flagged } }: Tally): boolean {
  return flagged.legacy + flagged.candidate > 0;
}

/** Nearest-rank percentile; 0 without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
