/**
 * What is announced to the proxies about a slice's writes, and the gate of an attempt: announcing, and waiting for them to
 * acknowledge. Announcements are derived from the journal when a control plane starts, before the first proxy hears it.
 */
import type { Side, SliceState } from '@ficus/core';
import type { SliceStates, StoredSlice } from '../store/slice-states.ts';
import type { Attempt, AttemptRow, EndlessWrite } from './attempt.ts';
import type { LeaseMember } from './evaluate-leases.ts';
import type { WriteGate } from './ports.ts';
import type { Broken, LeaseQuestion, ProxyLeases } from './proxy-leases.ts';
import type { CutoverLimits } from './work.ts';

interface Announced {
  readonly writes: 'leased' | 'held';
  readonly attempt: number;
}

export class WriteStates implements WriteGate {
  readonly #announced = new Map<string, Announced>();
  /** Slice → of its attempt. */
  readonly #broken = new Map<string, Broken>();
  readonly #states: SliceStates;
  readonly #leases: ProxyLeases;
  readonly #limits: CutoverLimits;
  /** Sends the states to all proxies; those of this slice have changed. */
  announce: (slice: string) => void = () => undefined;

  /** @param unfinished attempts that an earlier process left */
  constructor(
    states: SliceStates,
    leases: ProxyLeases,
    limits: CutoverLimits,
    unfinished: readonly AttemptRow[],
  ) {
    this.#states = states;
    this.#leases = leases;
    this.#limits = limits;
    for (const row of unfinished) this.restore(row);
  }

  /**
   * Of an attempt that another process left, in whichever step: until the journal has its end, that process may continue and
   * turn the fence. So writes wait for the moment in which it is abandoned.
   */
  restore({ slice, epoch, finishedAt }: AttemptRow): void {
    if (finishedAt !== null) return;
    this.#announced.set(slice, { writes: 'held', attempt: epoch });
    this.announce(slice);
  }

  /** For the proxies. */
  of(slice: string, { retired: _, ...stored }: StoredSlice): SliceState {
    const announced = this.#announced.get(slice);
    if (!announced) return { ...stored, writes: 'open' };
    const { leaseMs, waitMs } = this.#limits;
    return { ...stored, ...announced, leaseMs, waitMs };
  }

  async lease(attempt: Attempt, timeoutMs: number): Promise<void> {
    this.#set(attempt, 'leased');
    await this.#leases.wait(this.#question(attempt), 'leased', timeoutMs);
  }

  async hold(attempt: Attempt, timeoutMs: number): Promise<void> {
    this.#set(attempt, 'held');
    await this.#leases.wait(this.#question(attempt), 'drained', timeoutMs);
  }

  async drainEndless(attempt: Attempt, timeoutMs: number): Promise<void> {
    await this.#leases.wait(this.#question(attempt), 'free', timeoutMs);
  }

  endless(attempt: Attempt): readonly EndlessWrite[] {
    return this.members(attempt).flatMap(({ name, hold }) =>
      Object.entries(hold?.endless ?? {}).map(([route, requests]) => ({ proxy: name, route, requests })),
    );
  }

  /** Proxies that may send writes of the slice, and what each has acknowledged. */
  members(attempt: Attempt): readonly LeaseMember[] {
    return this.#leases.members(this.#question(attempt));
  }

  broken(attempt: Attempt): Promise<never> {
    const known = this.#broken.get(attempt.slice) ?? this.#leases.broken(this.#question(attempt));
    this.#broken.set(attempt.slice, known);
    return known.promise;
  }

  adopt(slice: string, owner: Side, epoch: number): void {
    const before = this.#states.of(slice).epoch;
    this.#states.adopt(slice, owner, epoch);
    // Before the release: no proxy takes the former owner for the owner any more when the first write is answered.
    if (this.#states.of(slice).epoch !== before) this.announce(slice);
  }

  open(slice: string): void {
    if (!this.#announced.has(slice) && !this.#broken.has(slice)) return;
    this.#announced.delete(slice);
    this.#broken.get(slice)?.end();
    this.#broken.delete(slice);
    this.announce(slice);
  }

  lateProxies(attempt: Attempt, timeoutMs: number): Promise<readonly string[]> {
    return this.#leases.late(this.#question(attempt), timeoutMs);
  }

  #set({ slice, epoch }: Attempt, writes: Announced['writes']): void {
    this.#announced.set(slice, { writes, attempt: epoch });
    this.announce(slice);
  }

  #question({ slice, epoch }: Attempt): LeaseQuestion {
    return { slice, epoch, leaseMs: this.#limits.leaseMs };
  }
}
