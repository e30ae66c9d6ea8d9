/**
 * The states of a replication and what leads from one to another. Kept in memory only: what must survive a restart is
 * the checkpoint on the target.
 *
 *     idle ─start─▶ starting ─slot taken by another─▶ standby ─slot free─▶ starting
 *                      │ stream runs
 *                      ▼
 *              copying ─all rows there─▶ streaming
 *                      │ connection lost      │
 *                      ▼                      ▼
 *                 reconnecting ◀──────────────┘ ─▶ starting
 *     any ─something must be mended─▶ stopped ─looked again─▶ starting
 *     any ─stop─▶ idle
 */
import type { ReplicationProblem, ReplicationState } from '@ficus/core';

export type Lifecycle =
  /** Not started, or ended by `stop`. */
  | { readonly name: 'idle' }
  /** Set by the run loop before each session. A problem stays visible until a session runs. */
  | { readonly name: 'starting'; readonly problem?: ReplicationProblem | undefined }
  /** Set when the stream runs and rows are missing: changes arrive, the first copy goes on beside them. */
  | { readonly name: 'copying' }
  /** Set when the stream runs and every row was copied. */
  | { readonly name: 'streaming' }
  /** Set when another process holds the slot. */
  | { readonly name: 'standby' }
  /** Set when a session failed for a reason that passes. */
  | { readonly name: 'reconnecting'; readonly problem: ReplicationProblem }
  /** Set when a session failed for a reason that somebody must mend. */
  | { readonly name: 'stopped'; readonly problem: ReplicationProblem };

/** What the outside sees. */
export function publicState(lifecycle: Lifecycle): {
  state: ReplicationState;
  problem: ReplicationProblem | undefined;
} {
  switch (lifecycle.name) {
    case 'idle':
      return { state: 'stopped', problem: undefined };
    case 'starting':
      // While it is tried again, what is wrong stays wrong.
      return lifecycle.problem
        ? { state: 'stopped', problem: lifecycle.problem }
        : { state: 'starting', problem: undefined };
    case 'copying':
    case 'streaming':
    case 'standby':
      return { state: lifecycle.name, problem: undefined };
    case 'reconnecting':
    case 'stopped':
      return { state: lifecycle.name, problem: lifecycle.problem };
  }
}
