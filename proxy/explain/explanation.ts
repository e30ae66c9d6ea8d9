/**
 * The whole decision about one request, as `ficus explain` shows it and `POST /explain` of the admin address answers it:
 * public, so fields are added, never changed. null stands for what does not apply. Nothing in it repeats a header field,
 * a cookie or a query of the request.
 */
import type { FlagsConfig, NoRouteCause, Side, SliceState } from '@ficus/core';
import type { ExplainedCaller } from './explain-caller.ts';
import type { ExplainedFlag } from './explain-flag.ts';
import type { MatchExplanation } from './explain-match.ts';

/** As one worker decides it. */
export interface WorkerExplanation {
  readonly method: string;
  /** Canonical, without its query. */
  readonly path: string;
  /** Who serves; null when the proxy answers by itself. */
  readonly serve: Side | null;
  /** The side that gets a copy, after the answer. */
  readonly shadow: Side | null;
  /** As in `x-ficus-reason`; for a refused request as in `ficus_refused_total`. */
  readonly reason: string;
  readonly means: string;
  /** What to do to have the user moved; empty when there is nothing to do. */
  readonly action: string;
  /** Where chance decides between the sides; null where the side is certain. */
  readonly chance: ExplainedChance | null;
  /** The proxy's own answer, when no side serves. */
  readonly answer: { readonly status: number; readonly code: string | null; readonly detail: string } | null;
  readonly match: MatchExplanation;
  readonly noRoute: NoRoute | null;
  readonly preflight: boolean;
  readonly caller: ExplainedCaller;
  readonly force: ExplainedForce | null;
  readonly slice: ExplainedSlice | null;
  readonly pin: ExplainedPin | null;
  readonly flag: ExplainedFlag | null;
  readonly candidate: ExplainedCandidate | null;
  /** Generation of the config. */
  readonly generation: number;
}

/** `serve`, `reason` and `shadow` are then those of one draw. */
interface ExplainedChance {
  /** Percent of such requests that the candidate serves. */
  readonly candidate: number;
  /** `first-visit`: the answer gives the caller a bucket, and they keep their side. */
  readonly at: 'first-visit' | 'each-request';
}

export interface NoRoute {
  readonly cause: NoRouteCause;
  readonly means: string;
  readonly action: string;
  /** Routes that come near, in words. */
  readonly near: readonly string[];
}

/** The request has `x-ficus-force`. */
interface ExplainedForce {
  /** null when the field is not believed. */
  readonly side: Side | null;
  readonly text: string;
}

export interface ExplainedSlice {
  readonly name: string;
  readonly hasTables: boolean;
  readonly kind: 'read' | 'write';
  readonly owner: Side;
  readonly epoch: number;
  /** While held, or leased without a valid lease, a write waits for `heldForMs`, and is decided when it is released. */
  readonly writes: SliceState['writes'];
  readonly heldForMs: number | null;
  /** Guards that `ficus serve` asks before it raises the share. */
  readonly guards: readonly string[];
}

export interface ExplainedPin {
  readonly pinned: boolean;
  /** `caller`: by a write of their own. `all`: there were too many writers to pin each. */
  readonly who: 'caller' | 'all' | null;
  /** Slices whose reads the request would pin to their owner. */
  readonly wouldPin: readonly string[];
}

export interface ExplainedCandidate {
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Until the next probe; 0: the next request to the candidate is the probe; null while the breaker is closed. */
  readonly probeInMs: number | null;
  /** Its health checks fail. */
  readonly failsChecks: boolean;
  readonly onBreakerOpen: 'legacy' | 'fail';
  /** Addresses that are ejected. */
  readonly addressesOut: number;
}

export interface FlagsState {
  readonly provider: FlagsConfig['provider'];
  /** `last known`: from disk, because the source has not answered since the proxy started. */
  readonly state: 'current' | 'last known' | 'stale' | 'none yet' | 'no source';
  /** When they were received; null where it is not known. */
  readonly receivedAt: string | null;
  /** What the source's trouble is. */
  readonly problem: string | null;
}

/** As all workers decide it. */
export interface Explanation extends WorkerExplanation {
  readonly flags: FlagsState;
  /** The link that owners, holds and releases of pins come over. */
  readonly control: 'connected' | 'away' | 'none';
  readonly workers: {
    readonly asked: number;
    /** Those that decide as shown. */
    readonly agree: number;
    readonly differ: readonly {
      readonly count: number;
      readonly serve: Side | null;
      readonly reason: string;
    }[];
    /** Those that did not answer in time. */
    readonly silent: number;
  };
}
