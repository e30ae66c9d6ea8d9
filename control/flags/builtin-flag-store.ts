/**
 * The built-in flags: percentages in the control database, served in Unleash's format. There is one writer (the store's
 * lock), so memory always equals the database; a change is committed before listeners are called.
 */
import {
  type ClientFeature,
  type ClientFeatures,
  FLAG_KINDS,
  type FlagKind,
  flagName,
  percentFlag,
} from '@ficus/core';
import { recordAudit } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import {
  allowChange,
  type FlagChange,
  type FlagFact,
  type FlagStore,
  type JudgeChange,
  judged,
} from './flag-store.ts';
import { flipEntry } from './flip-entry.ts';

interface StoredFlag {
  readonly percent: number;
  /** Grows with each change of any flag. */
  readonly version: number;
  /** ISO time; `null` when it was never set. */
  readonly changedAt: string | null;
}

interface FlagRow {
  readonly name: string;
  readonly percent: number;
  readonly version: string;
  readonly changed_at: Date;
}

type Listener = (slice: string, kind: FlagKind) => void;

const UNSET: StoredFlag = { percent: 0, version: 0, changedAt: null };

export class BuiltinFlagStore implements FlagStore {
  readonly #store: Store;
  #slices: readonly string[];
  readonly #flags = new Map<string, StoredFlag>();
  readonly #listeners = new Set<Listener>();

  constructor(store: Store, slices: readonly string[]) {
    this.#store = store;
    this.#slices = slices;
  }

  /** Reads the flags of these slices. */
  static async load(store: Store, slices: readonly string[]): Promise<BuiltinFlagStore> {
    const flags = new BuiltinFlagStore(store, slices);
    await flags.reload();
    return flags;
  }

  /** Reads all flags again, and announces those that differ. */
  async reload(): Promise<void> {
    const rows = await this.#store.query<FlagRow>('SELECT name, percent, version, changed_at FROM flag');
    const changed = rows.filter((row) => this.#flags.get(row.name)?.version !== Number(row.version));
    for (const row of changed) this.#flags.set(row.name, toStored(row));
    // `ficus remove` deletes flags beside the running control plane: a slice that returns starts at 0 %.
    const removed = [...this.#flags.keys()].filter((name) => !rows.some((row) => row.name === name));
    for (const name of removed) this.#flags.delete(name);
    const names = new Set([...changed.map(({ name }) => name), ...removed]);
    for (const slice of this.#slices)
      for (const kind of FLAG_KINDS) if (names.has(flagName(slice, kind))) this.#announce(slice, kind);
  }

  /** Serves the flags of these slices from now on, and announces new ones. */
  serveSlices(slices: readonly string[]): void {
    const known = new Set(this.#slices);
    this.#slices = slices;
    for (const slice of slices.filter((name) => !known.has(name)))
      for (const kind of FLAG_KINDS) this.#announce(slice, kind);
  }

  read(slice: string, kind: FlagKind): FlagFact {
    const { percent, changedAt } = this.#stored(slice, kind);
    return { percent, on: percent > 0, changedAt };
  }

  /** The version of the newest change. */
  get version(): number {
    return Math.max(0, ...[...this.#flags.values()].map(({ version }) => version));
  }

  /** All flags, as Unleash's client API answers. */
  features(): ClientFeatures {
    const features = this.#slices.flatMap((slice) => FLAG_KINDS.map((kind) => this.feature(slice, kind)));
    return { version: 2, features, segments: [] };
  }

  feature(slice: string, kind: FlagKind): ClientFeature {
    return percentFlag(flagName(slice, kind), slice, this.#stored(slice, kind).percent);
  }

  async set(asked: FlagChange, judge: JudgeChange = allowChange): Promise<number> {
    const { slice, kind, percent } = asked;
    const name = flagName(slice, kind);
    const { before, stored } = await this.#store.transaction(async (query) => {
      const before = await readPercent(query, name);
      const change = judged(asked, before, judge);
      const rows = await query<FlagRow>(
        `INSERT INTO flag (name, slice, percent, version) VALUES ($1, $2, $3, nextval('flag_version'))
         ON CONFLICT (name) DO UPDATE
           SET percent = excluded.percent, version = excluded.version, changed_at = now()
         RETURNING name, percent, version, changed_at`,
        [name, slice, percent],
      );
      await recordAudit(query, flipEntry(change, before));
      return { before, stored: toStored(rows[0]!) };
    });
    this.#flags.set(name, stored);
    this.#announce(slice, kind);
    return before;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#listeners.clear();
  }

  #announce(slice: string, kind: FlagKind): void {
    for (const listener of this.#listeners) listener(slice, kind);
  }

  #stored(slice: string, kind: FlagKind): StoredFlag {
    return this.#flags.get(flagName(slice, kind)) ?? UNSET;
  }
}

/** From the database: memory may date from before a reconnection. */
async function readPercent(query: Store['query'], name: string): Promise<number> {
  const [row] = await query<Pick<FlagRow, 'percent'>>('SELECT percent FROM flag WHERE name = $1', [name]);
  return row?.percent ?? UNSET.percent;
}

function toStored(row: FlagRow): StoredFlag {
  return { percent: row.percent, version: Number(row.version), changedAt: row.changed_at.toISOString() };
}
