/**
 * Who writes the tables of each slice: reads the fences of observed slices every few seconds, takes what proxies report of
 * their writes, and answers view, metrics and coordinator. A database that is away delays the answer for its slice alone.
 */
import type { FicusConfig, ProxyReport, Side } from '@ficus/core';
import type { Logger } from 'pino';
import { BusyIntervals, type BusyReport } from './busy-intervals.ts';
import { evaluateWriters, type WriterFacts, type WritersAnswer } from './evaluate-writers.ts';
import { fenceOptionsOf } from './fence-options.ts';
import type { InventoryStore } from './inventory-store.ts';
import { judgeWriters } from './judge-writers.ts';
import { RouteActivity } from './route-activity.ts';
import { type OpenFence, SliceWriters } from './slice-writers.ts';
import type { InventoryState } from './writer-inventory.ts';

interface WriterWatchOptions {
  readonly config: () => FicusConfig;
  readonly store: InventoryStore;
  readonly open: OpenFence;
  readonly ownerOf: (slice: string) => Side;
  readonly epochOf: (slice: string) => number;
  /** While a cutover or rollback of the slice is under way. */
  readonly isMoving: (slice: string) => Promise<boolean>;
  readonly logger: Logger;
  readonly now?: () => number;
  readonly periodMs?: number;
}

const PERIOD_MS = 3_000;

export class WriterWatch {
  readonly #options: WriterWatchOptions;
  readonly #busy = new BusyIntervals();
  readonly #routes = new RouteActivity();
  readonly #slices = new Map<string, SliceWriters>();
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WriterWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Reads what is stored of the slices that come with this config. Returns what applies it, and cannot fail: slices that are
   * gone are let go, those whose databases or tables changed are opened again.
   * @throws FicusError FICUS_DATABASE_UNREACHABLE, FICUS_CONTROL_NOT_STORED
   */
  async prepare(config: FicusConfig): Promise<() => void> {
    const wanted = Object.keys(config.slices).flatMap((slice) => {
      const fences = fencesOf(config, slice);
      return fences ? [{ slice, fences }] : [];
    });
    const gone = [...this.#slices].filter(
      ([name, { options }]) =>
        !wanted.some(({ slice, fences }) => slice === name && same(fences, options.fences)),
    );
    const stays = (name: string) => this.#slices.has(name) && !gone.some(([slice]) => slice === name);
    const fresh = wanted.filter(({ slice }) => !stays(slice));
    const stored = await this.#options.store.read(fresh.map(({ slice }) => slice));
    return () => {
      for (const [slice, writers] of gone) {
        this.#slices.delete(slice);
        // A database that is away must not delay the rest.
        void writers.stop();
      }
      for (const { slice, fences } of fresh)
        this.#slices.set(slice, this.#open(slice, fences, stored.get(slice)));
      this.#announce();
    };
  }

  start(): void {
    this.#timer = setInterval(() => void this.readAll(), this.#options.periodMs ?? PERIOD_MS);
    this.#timer.unref();
    void this.readAll();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled([...this.#slices.values()].map((writers) => writers.stop()));
  }

  /** Never throws. */
  async readAll(): Promise<void> {
    await Promise.all([...this.#slices.values()].map((writers) => writers.read()));
  }

  /** @param owner of the proxy's token */
  takeReport(report: BusyReport & Pick<ProxyReport, 'traffic'>, owner?: string): void {
    this.#busy.take(report, this.#now(), owner);
    const { slices } = this.#options.config();
    // Of a write it is known when it was under way: it is no suspect.
    const suspects = report.traffic.filter(
      ({ slice, route }) => slices[slice]?.routes.find(({ id }) => id === route)?.kind !== 'write',
    );
    this.#routes.take(suspects, this.#now());
  }

  /** Whether proxies are to report when they write. */
  observes(slice: string): boolean {
    return typeof this.#slices.get(slice)?.state.since === 'number';
  }

  /** Called when an observation begins or ends. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @throws as SliceWriters.begin; undefined for a slice without tables */
  async begin(slice: string, again: boolean): Promise<void> {
    await this.#slices
      .get(slice)
      ?.begin(again)
      .finally(() => this.#announce());
  }

  async end(slice: string): Promise<void> {
    await this.#slices
      .get(slice)
      ?.end()
      .finally(() => this.#announce());
  }

  /** Undefined for a slice without tables. */
  facts(slice: string): WriterFacts | undefined {
    const writers = this.#slices.get(slice);
    const config = this.#options.config().slices[slice];
    if (!writers || !config) return undefined;
    const [owner, now] = [this.#options.ownerOf(slice), this.#now()];
    const { writers: declared, writersObservedMs: requiredMs } = config;
    const { state: inventory, sides } = writers;
    const evidenceSince = now - requiredMs;
    const judged = judgeWriters({ entries: inventory.entries, declared, owner, evidenceSince });
    return { inventory, writers: judged, declared, sides, owner, requiredMs, now };
  }

  /** Whether a cutover may begin, as last read. Undefined for a slice without tables. */
  evaluate(slice: string): WritersAnswer | undefined {
    const facts = this.facts(slice);
    return facts && evaluateWriters(facts);
  }

  /** For the coordinator: as the fences have it now. */
  async evaluateNow(slice: string): Promise<WritersAnswer | undefined> {
    await this.#slices.get(slice)?.read();
    return this.evaluate(slice);
  }

  /** Proxies that reported within the last minute, and those of them that report when they write. */
  proxies(slice: string): { readonly proxies: number; readonly reporting: number } {
    return this.#busy.counts(slice, this.#now());
  }

  #open(slice: string, fences: Fences, state: InventoryState | undefined): SliceWriters {
    const { open, store, ownerOf, epochOf, isMoving, logger } = this.#options;
    return new SliceWriters(
      {
        ...{ slice, fences, open, store, logger, busy: this.#busy, routes: this.#routes, now: this.#now },
        owner: () => ownerOf(slice),
        epoch: () => epochOf(slice),
        isMoving: () => isMoving(slice),
      },
      state,
    );
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}

type Fences = SliceWriters['options']['fences'];

function fencesOf(config: FicusConfig, slice: string): Fences | undefined {
  const [legacy, candidate] = [
    fenceOptionsOf(config, slice, 'legacy'),
    fenceOptionsOf(config, slice, 'candidate'),
  ];
  return legacy && candidate && { legacy, candidate };
}

const same = (a: Fences, b: Fences): boolean => JSON.stringify(a) === JSON.stringify(b);
