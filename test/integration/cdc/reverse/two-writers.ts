/**
 * Tables with a writer on either side, of which each has keys of its own, and what must hold afterwards. The legacy's
 * keys are positive, the candidate's negative: a stream that carries a change back where it came from is caught by the key.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect } from 'vitest';
import type { DatabasePair } from '../rig/database-pair.ts';
import type { ObservedRow, WalObserver } from '../rig/wal-observer.ts';

export const TABLES = [
  {
    from: 'item',
    to: 'item',
    columns: {
      id: 'id',
      writes: 'writes',
      body: 'body',
      // Needs the body where an UPDATE did not change it: the row is read again from the source.
      size: { sql: 'length(body) + writes', from: ['body', 'writes'], reverse: {} },
    },
  },
  { from: 'line', to: 'line' },
  { from: 'scratch_a', to: 'scratch_a' },
  { from: 'scratch_b', to: 'scratch_b' },
];

const COMMON = `CREATE TABLE line (who int, note text); ALTER TABLE line REPLICA IDENTITY FULL;
  CREATE TABLE scratch_a (id int PRIMARY KEY); CREATE TABLE scratch_b (id int PRIMARY KEY);`;
export const LEGACY = `${COMMON} CREATE TABLE item (id int PRIMARY KEY, writes int NOT NULL, body text NOT NULL);
  ALTER TABLE item ALTER body SET STORAGE EXTERNAL;
  INSERT INTO item SELECT i, 0, repeat('x', i % 3000) FROM generate_series(1, 3000) i;
  INSERT INTO line SELECT i, 'first' FROM generate_series(1, 50) i;`;
export const CANDIDATE = `${COMMON}
  CREATE TABLE item (id int PRIMARY KEY, writes int NOT NULL, body text NOT NULL, size int);
  ALTER TABLE item ALTER body SET STORAGE EXTERNAL;`;

export interface TwoWriters {
  /** Both have written this many transactions more. */
  writeMore(transactions: number): Promise<void>;
  stop(): Promise<void>;
}

/** Writes on both sides until stopped. */
export function startWriters({ sourceUrl, targetUrl }: DatabasePair): TwoWriters {
  const writers = [new Writer(sourceUrl, 1, 'scratch_a'), new Writer(targetUrl, -1, 'scratch_b')];
  return {
    async writeMore(transactions) {
      const goals = writers.map(({ written }) => written + transactions);
      await expect
        .poll(() => writers.every((writer, n) => writer.written >= goals[n]!), {
          timeout: 90_000,
          interval: 5,
        })
        .toBe(true);
    },
    async stop() {
      await Promise.all(writers.map((writer) => writer.stop()));
    },
  };
}

/** Between two transactions: a stream that never keeps up shows less. */
const PAUSE_MS = 8;

class Writer {
  written = 0;
  readonly #sign: 1 | -1;
  readonly #scratch: string;
  readonly #client: pg.Client;
  readonly #loop: Promise<void>;
  #stopped = false;

  constructor(url: string, sign: 1 | -1, scratch: string) {
    this.#sign = sign;
    this.#scratch = scratch;
    this.#client = new pg.Client({ connectionString: url });
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    await this.#client.end();
  }

  async #run(): Promise<void> {
    await this.#client.connect();
    while (!this.#stopped) {
      await this.#client.query(this.#transaction(this.written));
      this.written++;
      await sleep(PAUSE_MS);
    }
  }

  #transaction(n: number): string {
    const id = this.#sign * (10_000 + n);
    const before = this.#sign * (10_000 + n - 7);
    const scratch = this.#scratch;
    switch (n % 50) {
      case 49:
        return `TRUNCATE ${scratch}`;
      case 48:
        // More than fits into the batches of these tests.
        return `INSERT INTO item SELECT ${this.#sign} * (1000000 + ${n} * 1000 + i), 0, repeat('large', 40) FROM generate_series(1, 900) i`;
      default:
        return `BEGIN; INSERT INTO item VALUES (${id}, 0, repeat('b', ${(n * 37) % 4000}));
          UPDATE item SET writes = writes + 1 WHERE id = ${before};
          UPDATE item SET id = ${this.#sign * (500_000 + n)} WHERE id = ${before} AND ${n % 3} = 0;
          DELETE FROM item WHERE id = ${before - 3 * this.#sign} AND ${n % 5} = 0;
          INSERT INTO line SELECT ${id}, 'n' FROM generate_series(1, 2) WHERE ${n % 4} = 0;
          UPDATE line SET note = 'u' WHERE who = ${before}; DELETE FROM line WHERE who = ${before - 2 * this.#sign};
          INSERT INTO ${scratch} VALUES (${n}) ON CONFLICT DO NOTHING; COMMIT`;
    }
  }
}

/** Both sides have the same rows. */
export async function expectEqual({ source, target }: DatabasePair): Promise<void> {
  for (const table of ['item', 'line', 'scratch_a', 'scratch_b']) {
    const columns = table === 'item' ? 'id, writes, body' : '*';
    const sql = `SELECT count(*)::int, md5(string_agg(t::text, ',' ORDER BY t::text)) FROM (SELECT ${columns} FROM ${table}) t`;
    const [legacy, candidate] = [await source.query(sql), await target.query(sql)];
    expect(candidate.rows, table).toEqual(legacy.rows);
    if (!table.startsWith('scratch')) expect(legacy.rows[0]?.count, table).toBeGreaterThan(20);
  }
}

/** What a stream wrote on a side is the other side's, all of it, and none of it came back. */
export async function expectNoEcho(legacy: WalObserver, candidate: WalObserver): Promise<void> {
  for (const [observer, own] of [
    [legacy, 1],
    [candidate, -1],
  ] as const) {
    const rows = await observer.read();
    const byStream = rows.filter(({ isMarked }) => isMarked);
    expect(byStream.length).toBeGreaterThan(100);
    expect(byStream.filter((row) => isOf(row, own))).toEqual([]);
    expect(rows.filter((row) => !row.isMarked && !isOf(row, own))).toEqual([]);
  }
}

function isOf({ table, first }: ObservedRow, sign: 1 | -1): boolean {
  if (table.startsWith('public.scratch')) return table.endsWith('_a') === (sign === 1);
  return Math.sign(Number(first)) === sign;
}
