/**
 * The live snapshots of a worker: the one for new requests, and earlier ones that running requests still hold. A
 * snapshot whose last request is over is retired: its counts are delivered, and upstreams that only it used are closed.
 */
import type { FicusConfig } from '@ficus/core';
import { buildSnapshot, type SnapshotParts } from '../snapshot/build-snapshot.ts';
import type { LiveSnapshot } from '../snapshot/live-snapshot.ts';
import { type LiveUpstreamHooks, UpstreamRegistry } from '../snapshot/upstream-registry.ts';

interface SnapshotKeeperParts extends Omit<SnapshotParts, 'registry' | 'count'> {
  readonly upstreamHooks: LiveUpstreamHooks;
  /** Nothing will count into it any more. */
  readonly onRetire: (snapshot: LiveSnapshot) => void;
}

/** A snapshot with the number of requests that hold it. */
interface Lease {
  readonly snapshot: LiveSnapshot;
  requests: number;
}

export class SnapshotKeeper {
  readonly #parts: SnapshotKeeperParts;
  readonly #registry: UpstreamRegistry;
  #current: Lease;
  readonly #older = new Map<LiveSnapshot, Lease>();

  /** @throws FicusError when an upstream cannot be made */
  constructor(config: FicusConfig, generation: number, parts: SnapshotKeeperParts) {
    this.#parts = parts;
    this.#registry = new UpstreamRegistry(parts.upstreamHooks);
    this.#current = { snapshot: this.#build(config, generation), requests: 0 };
  }

  get current(): LiveSnapshot {
    return this.#current.snapshot;
  }

  /** The current one, and those that requests still hold. */
  all(): readonly LiveSnapshot[] {
    return [...this.#older.keys(), this.current];
  }

  /** Adds to a plain counter of the current snapshot. */
  count(series: string): void {
    this.current.counters.add(series);
  }

  /** Requests that have begun and are not over. */
  get inProgress(): number {
    return [...this.#older.values(), this.#current].reduce((sum, { requests }) => sum + requests, 0);
  }

  /** A request begins with the current snapshot. */
  begin(): void {
    this.#current.requests += 1;
  }

  /** A request that began with this snapshot is over. */
  finished(snapshot: LiveSnapshot): void {
    if (snapshot === this.#current.snapshot) {
      this.#current.requests -= 1;
      return;
    }
    const lease = this.#older.get(snapshot)!;
    lease.requests -= 1;
    if (lease.requests === 0) this.#retire(snapshot);
  }

  /** @throws FicusError when an upstream cannot be made; then the current one stays */
  replace(config: FicusConfig, generation: number): void {
    const snapshot = this.#build(config, generation);
    const before = this.#current;
    this.#current = { snapshot, requests: 0 };
    this.#older.set(before.snapshot, before);
    if (before.requests === 0) this.#retire(before.snapshot);
  }

  /** Current values of all upstreams that are not zero, by series. */
  gauges(): Record<string, number> {
    return this.#registry.gauges();
  }

  closeAll(): void {
    this.#registry.closeAll();
  }

  #retire(snapshot: LiveSnapshot): void {
    this.#older.delete(snapshot);
    this.#parts.onRetire(snapshot);
    this.#registry.keepOnly(new Set(this.all().flatMap(({ upstreams }) => [...upstreams])));
  }

  #build(config: FicusConfig, generation: number): LiveSnapshot {
    return buildSnapshot(config, generation, {
      ...this.#parts,
      registry: this.#registry,
      count: (series) => this.count(series),
    });
  }
}
