/** Shared by the control plane's tests: a separate database, a config, and a simulated change stream. */

import type { RoundTrip } from '@ficus/cdc';
import type { OpenReplicationOptions, ReplicationPort } from '@ficus/control';
import type { FicusConfig, FicusConfigInput, ReplicationStatus } from '@ficus/core';
import { configSchema } from '@ficus/core';
import pg from 'pg';
import pino from 'pino';
import { createEmptyDatabase, type EmptyDatabase } from '../../parts/empty-database.ts';

export const silent = pino({ level: 'silent' });

export interface TestDatabase extends EmptyDatabase {
  query(text: string): Promise<Record<string, unknown>[]>;
}

/** An empty database in the shared cluster. */
export async function createTestDatabase(port: number, prefix = 'control'): Promise<TestDatabase> {
  const { url, drop } = await createEmptyDatabase(port, prefix);
  return {
    url,
    drop,
    query: async (text) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(text)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

/** A config with one slice with tables (`notes`) and one without (`pages`). */
export function testConfig(database: string, over: Partial<FicusConfigInput> = {}): FicusConfig {
  return configSchema.parse({
    version: 1,
    control: { listen: '127.0.0.1:0', database },
    legacy: { url: 'http://127.0.0.1:1', database },
    slices: {
      notes: {
        team: 'messaging',
        candidate: { url: 'http://127.0.0.1:2', database },
        routes: [{ id: 'list', path: '/api/notes' }],
        tables: [{ from: 'public.notes', to: 'public.notes' }],
      },
      pages: {
        candidate: { url: 'http://127.0.0.1:3' },
        routes: [{ id: 'page', path: '/pages/*' }],
      },
    },
    ...over,
  });
}

/** A change stream controlled by the test. It copies and streams nothing. */
export class HandPlayedReplication implements ReplicationPort {
  readonly options: OpenReplicationOptions;
  position = '0/100';
  isCopied = true;
  started = false;
  stopped = false;
  dropped = false;
  /** As given to changeEpoch. */
  readonly epochs: number[] = [];
  /** What `stop` waits for. */
  stopping: Promise<unknown> = Promise.resolve();
  /** Answers of waitForPosition. */
  reaches: boolean | (() => Promise<boolean>) = true;
  #current: ReplicationStatus;
  readonly #listeners = new Set<(status: ReplicationStatus) => void>();

  constructor(options: OpenReplicationOptions) {
    this.options = options;
    this.#current = {
      slice: options.slice,
      state: 'streaming',
      appliedLsn: '0/10',
      sourceLsn: '0/10',
      lagBytes: 0,
      lagMs: 3,
      transactionsApplied: 5,
      rowsApplied: 7,
      copy: { rowsCopied: 10, rowsTotal: 10, rowsPerSecond: 100, done: true },
      problem: undefined,
    };
  }

  play(change: Partial<ReplicationStatus>): void {
    this.#current = { ...this.#current, ...change };
    for (const listener of this.#listeners) listener(this.#current);
  }

  async start(): Promise<void> {
    this.started = true;
  }

  status(): ReplicationStatus {
    return this.#current;
  }

  subscribe(listener: (status: ReplicationStatus) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#current);
    return () => this.#listeners.delete(listener);
  }

  async currentPosition(): Promise<string> {
    return this.position;
  }

  async waitForPosition(): Promise<boolean> {
    return typeof this.reaches === 'boolean' ? this.reaches : this.reaches();
  }

  waitForDurable(): Promise<boolean> {
    return this.waitForPosition();
  }

  async lookAtTables(): Promise<boolean> {
    return true;
  }

  async changeEpoch(epoch: number): Promise<boolean> {
    this.epochs.push(epoch);
    return true;
  }

  async proveRoundTrip(): Promise<RoundTrip> {
    return { arrived: true, tookMs: 1 };
  }

  async copied(): Promise<boolean> {
    return this.isCopied;
  }

  async stop(): Promise<void> {
    await this.stopping;
    this.stopped = true;
  }

  async drop() {
    this.dropped = true;
    return [{ table: 'public.notes', rows: 3 }];
  }
}
