/**
 * The states of a replication: who sets each, what it guarantees about positions (positions.ts), and what may follow.
 * Kept in memory only: the checkpoint on the target holds all that must survive a restart.
 *
 *     idle ─start─▶ starting ─slot taken by another─▶ standby ─slot free─▶ starting
 *                      │ stream runs
 *                      ▼
 *              copying ─all rows there─▶ streaming
 *                      │ connection lost      │
 *                      ▼                      ▼
 *                 reconnecting ◀──────────────┘ ─▶ starting
 *     any ─failure that needs a person─▶ stopped ─retry, or start─▶ starting
 *     any ─stop─▶ idle
 */
import type { ReplicationProblem, ReplicationState } from '@ficus/core';

export type Lifecycle =
  /** Set by `stop`, and before `start`. No position moves. */
  | { readonly name: 'idle' }
  /**
   * Set by the run loop before each session. Positions begin at the checkpoint once the stream is claimed. What ended the
   * session before stays visible: a retry alone fixes nothing.
   */
  | { readonly name: 'starting'; readonly after?: Failed | undefined }
  /**
   * Set by a session whose stream runs while rows are missing. All positions move. Chunks may be ahead of `applied`,
   * and rows before it may be missing: the target must not serve reads yet.
   */
  | { readonly name: 'copying' }
  /**
   * Set by a session when every row is copied. Everything that the source committed before `applied` is on the target.
   */
  | { readonly name: 'streaming' }
  /**
   * Set by the run loop when another process has the stream. Our positions do not move; only the other process moves
   * the checkpoint.
   */
  | { readonly name: 'standby' }
  /** Set by the run loop after a transient failure. `applied` equals `durable`. */
  | Failed<'reconnecting'>
  /**
   * Set by the run loop after a failure that a person has to fix. `applied` equals `durable`. Retried from time to time;
   * where the error's entry says that a retry never helps, only `start` leaves this state.
   */
  | Failed<'stopped'>;

export interface Failed<Name = 'reconnecting' | 'stopped'> {
  readonly name: Name;
  readonly problem: ReplicationProblem;
}

type Name = Lifecycle['name'];

/** How a session ends: a failure, another process, a restart from the checkpoint, `stop`. */
const ENDS = ['reconnecting', 'stopped', 'standby', 'starting', 'idle'] as const;

/** State → what may follow it. */
export const TRANSITIONS = {
  idle: ['starting'],
  starting: ['copying', 'streaming', ...ENDS],
  copying: ['streaming', ...ENDS],
  // Not `copying`: a copied table stays copied for as long as a session lives.
  streaming: ENDS,
  standby: ['starting', 'idle'],
  reconnecting: ['starting', 'idle'],
  stopped: ['starting', 'idle'],
} as const satisfies Readonly<Record<Name, readonly Name[]>>;

/** Staying in a state is always allowed. */
export function mayFollow(from: Name, to: Name): boolean {
  const next: readonly Name[] = TRANSITIONS[from];
  return from === to || next.includes(to);
}

/** The state as users see it. */
export function publicState(lifecycle: Lifecycle): {
  state: ReplicationState;
  problem: ReplicationProblem | undefined;
} {
  switch (lifecycle.name) {
    case 'idle':
      return { state: 'stopped', problem: undefined };
    case 'starting':
      return lifecycle.after ? publicState(lifecycle.after) : { state: 'starting', problem: undefined };
    case 'copying':
    case 'streaming':
    case 'standby':
      return { state: lifecycle.name, problem: undefined };
    case 'reconnecting':
    case 'stopped':
      return { state: lifecycle.name, problem: lifecycle.problem };
  }
}

/** What a session begins under. */
export function failedBefore(lifecycle: Lifecycle): Failed | undefined {
  switch (lifecycle.name) {
    case 'starting':
      return lifecycle.after;
    case 'reconnecting':
    case 'stopped':
      return lifecycle;
    default:
      return undefined;
  }
}

/**
 * Whether the failure may come again with the next change, so that a session that runs is no proof. A database that could
 * not be reached is reached by then.
 */
export const mayComeAgain = ({ problem }: Failed): boolean => problem.code !== 'FICUS_DATABASE_UNREACHABLE';
