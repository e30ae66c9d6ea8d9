/**
 * The proxy's part in an attempt, over all workers: what they have applied is acknowledged to the control plane, at once
 * when it changes and four times in each lease; the answer renews the leases of the slices that it takes, from the moment in
 * which the acknowledgement was sent, and the workers get them. Nothing runs here while every slice is open.
 */
import type { HoldReport, ProxyAttemptStatus, SliceHold } from '@ficus/core';
import type { Leases } from '../hold/evaluate-passage.ts';
import { newsOf } from '../hold/news-of.ts';
import { sumHolds } from '../hold/sum-holds.ts';
import type { PrimaryMessage, WorkerMessage } from '../worker/worker-messages.ts';
import type { SliceStates } from './control-state.ts';
import { OrphanedWrites } from './orphaned-writes.ts';

type Holds = HoldReport['slices'];

interface HoldKeeperParts {
  readonly proxyId: string;
  /** Those that have their initial state: the others come up with the newest. */
  readonly workers: () => readonly number[];
  readonly states: () => SliceStates;
  /** Whether they are those of the open connection: what may be of the past is not acknowledged. */
  readonly current: () => boolean;
  /** Resolves with the slices whose leases are renewed. Rejects unless the control plane has answered within this time. */
  readonly post: (report: HoldReport, withinMs: number) => Promise<readonly string[]>;
  readonly send: (message: Extract<PrimaryMessage, { kind: 'leases' }>) => void;
  /** The clock of the leases, which workers read as well. */
  readonly now: () => number;
  readonly later: (action: () => void, ms: number) => void;
}

/** An acknowledgement in each quarter of a lease: three may be lost. */
const PER_LEASE = 4;
const SHORTEST_PAUSE_MS = 10;
/** Of acknowledgements in which mere numbers have changed. */
const NUMBERS_EACH_MS = 100;

export class HoldKeeper {
  leases: Leases = {};
  readonly #parts: HoldKeeperParts;
  readonly #byWorker = new Map<number, Holds>();
  readonly #orphaned: OrphanedWrites;
  #number = 0;
  #sentNews = '[]';
  #sentText = '{}';
  #isUrgent = false;
  #timer: NodeJS.Timeout | undefined;
  #atEndOfTurn: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(parts: HoldKeeperParts) {
    this.#parts = parts;
    this.#orphaned = new OrphanedWrites(parts.later, this.#changed);
  }

  /** From the control plane; the workers have been sent it as well. */
  stateChanged(): void {
    const attempts = this.#attempts();
    this.leases = Object.fromEntries(
      attempts.flatMap(([slice, { attempt }]) => {
        const lease = this.leases[slice];
        return lease?.attempt === attempt ? [[slice, lease]] : [];
      }),
    );
    this.#changed();
  }

  take(worker: number, { slices }: Extract<WorkerMessage, { kind: 'holds' }>): void {
    this.#byWorker.set(worker, slices);
    this.#changed();
  }

  /**
   * @param open slice → writes of the worker that are pinned, and not known to be over
   * @param forMs how long they may still be executed
   */
  workerGone(worker: number, open: ReadonlyMap<string, number>, forMs: number): void {
    const last = this.#byWorker.get(worker) ?? {};
    this.#byWorker.delete(worker);
    const states = this.#parts.states();
    for (const [slice, count] of open) {
      const hold = last[slice];
      const state = states[slice];
      // What it held, it has not sent: only what was in flight then may be executed.
      const isHeld = hold?.writes === 'held' && state?.writes === 'held' && state.attempt === hold.attempt;
      this.#orphaned.add(slice, isHeld ? Math.min(count, hold.inFlight) : count, forMs);
    }
    this.#changed();
  }

  /** The control plane is back, and may be another process. */
  connected(): void {
    this.#sentNews = '[]';
    this.#changed();
  }

  /** For people; null while the slice is open. */
  describe(slice: string): ProxyAttemptStatus | null {
    const state = this.#parts.states()[slice];
    if (state === undefined || state.writes === 'open') return null;
    const { attempt, writes } = state;
    const lease = this.leases[slice];
    const leftMs = lease?.attempt === attempt ? Math.round(lease.untilMs - this.#parts.now()) : 0;
    const { attempt: _, ...acknowledged } = this.holds()[slice] ?? { attempt: 0 };
    const isAcknowledged = 'writes' in acknowledged;
    return {
      ...{ attempt, writes, leaseLeftMs: Math.max(0, leftMs) },
      acknowledged: isAcknowledged ? acknowledged : null,
    };
  }

  /** By series: of slices under an attempt, its number and what is left of the lease. */
  gauges(): Record<string, number> {
    const series = this.#attempts().map(([slice, { attempt, writes }]) => [
      [`ficus_attempt{slice="${slice}",writes="${writes}"}`, attempt],
      [`ficus_lease_seconds{slice="${slice}"}`, this.describe(slice)!.leaseLeftMs / 1000],
    ]);
    return Object.fromEntries(series.flat());
  }

  /** What is acknowledged now: without an entry a slice is open, or not all workers have applied the attempt. */
  holds(): Holds {
    const workers = this.#parts.workers();
    return Object.fromEntries(
      this.#attempts().flatMap(([slice, { attempt, writes }]) => {
        const reported = workers.map((worker) => this.#byWorker.get(worker)?.[slice]);
        const sum = sumHolds(attempt, writes, reported, this.#orphaned.of(slice));
        return sum === undefined ? [] : [[slice, sum] satisfies [string, SliceHold]];
      }),
    );
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#atEndOfTurn);
  }

  readonly #changed = (): void => {
    if (this.#stopped) return;
    this.#atEndOfTurn ??= setImmediate(() => {
      this.#atEndOfTurn = undefined;
      const holds = this.holds();
      if (newsOf(holds) !== this.#sentNews) this.#acknowledge(holds);
      else if (JSON.stringify(holds) !== this.#sentText) this.#planSooner();
      else if (this.#timer === undefined) this.#plan();
    });
  };

  #attempts() {
    return Object.entries(this.#parts.states()).flatMap(([slice, state]) =>
      state.writes === 'open' ? [] : [[slice, state] as const],
    );
  }

  /** The next one, also where nothing has been acknowledged: a worker may be late. */
  #plan(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isUrgent = false;
    const leases = this.#attempts().map(([, { leaseMs }]) => leaseMs);
    if (leases.length === 0 || this.#stopped) return;
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(...leases) / PER_LEASE);
    this.#timer = setTimeout(() => this.#acknowledge(this.holds()), pauseMs);
  }

  #planSooner(): void {
    if (this.#isUrgent) return;
    this.#isUrgent = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#acknowledge(this.holds()), NUMBERS_EACH_MS);
  }

  #acknowledge(holds: Holds): void {
    if (!this.#parts.current()) {
      this.#plan();
      return;
    }
    this.#sentNews = newsOf(holds);
    this.#sentText = JSON.stringify(holds);
    this.#plan();
    if (Object.keys(holds).length === 0) return;
    const leaseMs = new Map(this.#attempts().map(([slice, state]) => [slice, state.leaseMs]));
    this.#number += 1;
    const report: HoldReport = { proxyId: this.#parts.proxyId, number: this.#number, slices: holds };
    const sentAtMs = this.#parts.now();
    // One that takes longer renews nothing.
    this.#parts.post(report, Math.max(...leaseMs.values())).then(
      (renewed) => this.#renew(holds, renewed, leaseMs, sentAtMs),
      () => {},
    );
  }

  #renew(
    holds: Holds,
    answered: readonly string[],
    leaseMs: ReadonlyMap<string, number>,
    sentAtMs: number,
  ): void {
    const states = this.#parts.states();
    const renewed = { ...this.leases };
    for (const [slice, { attempt }] of Object.entries(holds)) {
      if (!answered.includes(slice)) continue;
      const state = states[slice];
      if (state === undefined || state.writes === 'open' || state.attempt !== attempt) continue;
      const untilMs = sentAtMs + leaseMs.get(slice)!;
      const before = this.leases[slice];
      if (before?.attempt === attempt && before.untilMs >= untilMs) continue;
      renewed[slice] = { attempt, untilMs };
    }
    this.leases = renewed;
    if (!this.#stopped) this.#parts.send({ kind: 'leases', leases: renewed });
  }
}
