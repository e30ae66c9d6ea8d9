/**
 * The built-in flags: percentages in the database, handed out in Unleash's format. There is one writer (the
 * store's lock), so what is in memory is what is in the database; a change is committed before anybody hears of it.
 */
import { type ClientFeature, type ClientFeatures, type FlagKind, flagName, percentFlag } from '@ficus/core';
import { recordAudit } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';

export interface FlagState {
  readonly percent: number;
  /** Grows over all flags with each change. */
  readonly version: number;
  /** ISO time; `null` when it was never set. */
  readonly changedAt: string | null;
}

export interface FlagChange {
  readonly slice: string;
  readonly kind: FlagKind;
  readonly percent: number;
  readonly actor: string;
  readonly reason: string;
}

interface FlagRow {
  readonly name: string;
  readonly percent: number;
  readonly version: string;
  readonly changed_at: Date;
}

const UNSET: FlagState = { percent: 0, version: 0, changedAt: null };

export class FlagService {
  private readonly store: Store;
  private slices: readonly string[];
  private readonly states = new Map<string, FlagState>();
  private readonly listeners = new Set<(changed: ClientFeature, version: number) => void>();

  private constructor(store: Store, slices: readonly string[]) {
    this.store = store;
    this.slices = slices;
  }

  /** Reads the flags of these slices. */
  static async load(store: Store, slices: readonly string[]): Promise<FlagService> {
    const service = new FlagService(store, slices);
    await service.reload();
    return service;
  }

  /** Reads all flags again, and tells the listeners what is different. */
  async reload(): Promise<void> {
    const rows = await this.store.query<FlagRow>('SELECT name, percent, version, changed_at FROM flag');
    const changed = rows.filter((row) => this.states.get(row.name)?.version !== Number(row.version));
    for (const row of changed) this.states.set(row.name, toState(row));
    for (const slice of this.slices)
      for (const kind of ['serve', 'shadow'] as const)
        if (changed.some((row) => row.name === flagName(slice, kind))) this.announce(slice, kind);
  }

  /** Hands out the flags of these slices from now on, and tells the listeners of those that are new. */
  serveSlices(slices: readonly string[]): void {
    const known = new Set(this.slices);
    this.slices = slices;
    for (const slice of slices.filter((name) => !known.has(name)))
      for (const kind of ['serve', 'shadow'] as const) this.announce(slice, kind);
  }

  state(slice: string, kind: FlagKind): FlagState {
    return this.states.get(flagName(slice, kind)) ?? UNSET;
  }

  /** The version of the newest change. */
  get version(): number {
    return Math.max(0, ...[...this.states.values()].map((state) => state.version));
  }

  /** All flags, as Unleash's client API answers. */
  features(): ClientFeatures {
    return {
      version: 2,
      features: this.slices.flatMap((slice) => [this.feature(slice, 'serve'), this.feature(slice, 'shadow')]),
      segments: [],
    };
  }

  /** Commits a percentage with its audit entry, then tells the listeners. */
  async setPercent(change: FlagChange): Promise<FlagState> {
    const name = flagName(change.slice, change.kind);
    const state = await this.store.transaction(async (query) => {
      const rows = await query<FlagRow>(
        `INSERT INTO flag (name, slice, percent, version) VALUES ($1, $2, $3, nextval('flag_version'))
         ON CONFLICT (name) DO UPDATE
           SET percent = excluded.percent, version = excluded.version, changed_at = now()
         RETURNING name, percent, version, changed_at`,
        [name, change.slice, change.percent],
      );
      await recordAudit(query, {
        actor: change.actor,
        action: change.kind,
        slice: change.slice,
        was: { percent: this.state(change.slice, change.kind).percent },
        became: { percent: change.percent },
        reason: change.reason,
      });
      return toState(rows[0]!);
    });
    this.states.set(name, state);
    this.announce(change.slice, change.kind);
    return state;
  }

  /** Called after each change. Returns the way out. */
  subscribe(listener: (changed: ClientFeature, version: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private announce(slice: string, kind: FlagKind): void {
    const feature = this.feature(slice, kind);
    for (const listener of this.listeners) listener(feature, this.state(slice, kind).version);
  }

  private feature(slice: string, kind: FlagKind): ClientFeature {
    return percentFlag(flagName(slice, kind), slice, this.state(slice, kind).percent);
  }
}

function toState(row: FlagRow): FlagState {
  return { percent: row.percent, version: Number(row.version), changedAt: row.changed_at.toISOString() };
}
