/**
 * Writers that keep the source busy: several sessions, each with random transactions that overlap the others'. Every
 * change of an account adds its new version to the ledger in the same transaction, with a unique note; notes of
 * transactions whose COMMIT was answered are recorded, because those writes may never be lost.
 */
import pg from 'pg';
import type { AnyTypeColumn } from './fault-schema.ts';
import { ONLY_STREAMED, streamedIn } from './oracle.ts';
import type { Random } from './random.ts';

export interface Workload {
  readonly committed: number;
  /** Notes of ledger entries that must exist: committed, and not deleted again with their account. */
  readonly acknowledged: Set<string>;
  /** Ends all writers after their current transaction. */
  stop(): Promise<void>;
}

interface WorkloadOptions {
  readonly url: string;
  readonly writers: number;
  readonly columns: readonly AnyTypeColumn[];
  readonly random: Random;
  /** Notes acknowledged in earlier rounds. */
  readonly acknowledged: Set<string>;
  /** Notes that a client deleted, or tried to: they may or may not exist. */
  readonly dropped: Set<string>;
  /** Whether the first copy is complete, so that new writes come only by the stream. */
  readonly onlyStreamed: () => boolean;
  /** Counts the first copies. */
  readonly life: () => number;
}

/** Starts the writers. They survive a restart of the source. */
export function startWorkload(options: WorkloadOptions): Workload {
  let stopping = false;
  let committed = 0;
  const writers = Array.from({ length: options.writers }, async () => {
    const random = options.random.fork();
    let client: pg.Client | undefined;
    while (!stopping) {
      try {
        client ??= await connect(options.url);
        const transaction = new Transaction(client, random, options);
        if (await transaction.run()) committed += 1;
      } catch {
        // The server went away, or a deadlock chose this one: start over, as any client would.
        if (
          client &&
          !(await client.query('ROLLBACK').then(
            () => true,
            () => false,
          ))
        ) {
          await client.end().catch(() => undefined);
          client = undefined;
        }
        if (!client) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await client?.end().catch(() => undefined);
  });
  return {
    get committed() {
      return committed;
    },
    acknowledged: options.acknowledged,
    async stop() {
      stopping = true;
      await Promise.all(writers);
    },
  };
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 3_000,
    query_timeout: 10_000,
    options: '-c lock_timeout=2000 -c deadlock_timeout=50',
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

type Operation = () => Promise<void>;

class Transaction {
  readonly #client: pg.Client;
  readonly #random: Random;
  readonly #options: WorkloadOptions;
  #notes: string[] = [];
  readonly #dropped: string[] = [];

  constructor(client: pg.Client, random: Random, options: WorkloadOptions) {
    this.#client = client;
    this.#random = random;
    this.#options = options;
  }

  /** True when it was committed and the server confirmed it. */
  async run(): Promise<boolean> {
    const random = this.#random;
    const around = `${this.#options.onlyStreamed() ? streamedIn(this.#options.life()) : 'any-'}${this.#unique()}`;
    await this.#client.query('BEGIN');
    await this.#bracket(around);
    const operations = 1 + random.int(4);
    for (let n = 0; n < operations; n += 1) {
      if (random.chance(0.15)) await this.#savepoint();
      else await this.#operation()();
      // Lets the other sessions in between, so that transactions overlap.
      if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
    }
    if (random.chance(0.08)) {
      await this.#client.query('ROLLBACK');
      return false;
    }
    await this.#bracket(around);
    // Until the answer it is unknown whether its deletions took place.
    for (const note of this.#dropped) {
      this.#options.dropped.add(note);
      this.#options.acknowledged.delete(note);
    }
    await this.#client.query('COMMIT');
    for (const note of this.#notes)
      if (!this.#options.dropped.has(note)) this.#options.acknowledged.add(note);
    return true;
  }

  async #bracket(around: string): Promise<void> {
    await this.#client.query('INSERT INTO brackets (around) VALUES ($1)', [around]);
  }

  async #savepoint(): Promise<void> {
    const before = this.#notes;
    this.#notes = [...before];
    await this.#client.query('SAVEPOINT s');
    await this.#operation()();
    if (this.#random.chance(0.5)) {
      await this.#client.query('ROLLBACK TO s');
      this.#notes = before;
    } else await this.#client.query('RELEASE s');
  }

  #operation(): Operation {
    const random = this.#random;
    const roll = random.next();
    if (roll < 0.4) return () => this.#transfer();
    if (roll < 0.42) return () => this.#payday();
    if (roll < 0.45) return () => this.#rekey();
    if (roll < 0.49) return () => this.#replace();
    if (roll < 0.75) return () => this.#anything();
    if (roll < 0.85) return () => this.#swap();
    if (roll < 0.95) return () => this.#scratch();
    return () => this.#untouched();
  }

  /** Two accounts, locked in the order of their ids: mostly without a deadlock. */
  async #two(): Promise<{ id: number; uid: number }[]> {
    const { rows } = await this.#client.query<{ id: number; uid: number }>(
      `SELECT id, uid FROM (SELECT id, uid FROM accounts ORDER BY md5(id::text || $1) LIMIT 2) AS two ORDER BY id`,
      [String(this.#random.int(1_000_000))],
    );
    return rows;
  }

  async #enter(uid: number): Promise<void> {
    const note = this.#note();
    await this.#client.query(
      `INSERT INTO events (account, version, note) SELECT uid, version, $2 FROM accounts WHERE uid = $1`,
      [uid, note],
    );
    this.#notes.push(note);
  }

  async #transfer(): Promise<void> {
    const [one, other] = await this.#two();
    if (!one || !other) return;
    const amount = (this.#random.int(20_000) - 10_000) / 100;
    const big = this.#random.chance(0.1)
      ? `, big = repeat(md5(random()::text), ${100 + this.#random.int(200)})`
      : '';
    for (const [account, sign] of [
      [one, 1],
      [other, -1],
    ] as const) {
      const { rowCount } = await this.#client.query(
        `UPDATE accounts SET balance = balance + $2, version = version + 1,
                state = (ARRAY['open', 'frozen', 'dormant'])[1 + version % 3]::account_state ${big} WHERE uid = $1`,
        [account.uid, amount * sign],
      );
      // Replaced meanwhile: the other half must not happen alone.
      if (rowCount !== 1) throw new Error('the account is gone');
      await this.#enter(account.uid);
    }
  }

  /** Many rows with large new values: a transaction of several hundred kilobytes, in many pieces on the wire. */
  async #payday(): Promise<void> {
    const { rows } = await this.#client.query<{ uid: number; version: number }>(
      `UPDATE accounts SET version = version + 1, big = repeat(md5(random()::text || uid), 150 + uid % 100)
        WHERE uid IN (SELECT uid FROM accounts WHERE uid % 4 = $1 ORDER BY id FOR UPDATE) RETURNING uid, version`,
      [this.#random.int(4)],
    );
    const note = this.#note();
    await this.#client.query(
      'INSERT INTO events (account, version, note) SELECT *, $3 FROM unnest($1::int[], $2::int[])',
      [rows.map((row) => row.uid), rows.map((row) => row.version), note],
    );
  }

  /** The key changes; the big column, untouched, is not in the WAL. */
  async #rekey(): Promise<void> {
    const [one] = await this.#two();
    if (!one) return;
    await this.#client.query('UPDATE accounts SET id = $2 WHERE uid = $1', [one.uid, this.#freshId()]);
  }

  /** Deletes one account with its ledger, and another takes its balance; sometimes under the same key. */
  async #replace(): Promise<void> {
    const [one] = await this.#two();
    if (!one) return;
    const gone = await this.#client.query<{ balance: string; id: number }>(
      'DELETE FROM accounts WHERE uid = $1 RETURNING balance, id',
      [one.uid],
    );
    const [row] = gone.rows;
    if (!row) return;
    const entries = await this.#client.query<{ note: string }>(
      'DELETE FROM events WHERE account = $1 RETURNING note',
      [one.uid],
    );
    const notes = new Set(entries.rows.map((entry) => entry.note));
    this.#dropped.push(...notes);
    this.#notes = this.#notes.filter((note) => !notes.has(note));
    const id = this.#random.chance(0.5) ? row.id : this.#freshId();
    await this.#client.query(
      `INSERT INTO accounts VALUES ($1, $2, 'successor', $3, 0, 'open', repeat(md5($1::int::text), 150))`,
      [id, this.#freshId(), row.balance],
    );
  }

  async #anything(): Promise<void> {
    const id = this.#random.int(60);
    const roll = this.#random.next();
    if (roll < 0.2) await this.#client.query('DELETE FROM anything WHERE id = $1', [id]);
    else if (roll < 0.25)
      await this.#client.query(
        'UPDATE anything SET id = $2 WHERE id = $1 AND NOT EXISTS (SELECT FROM anything WHERE id = $2)',
        [id, this.#random.int(60)],
      );
    else if (roll < 0.6) {
      const set = this.#values(0.1);
      if (set.length > 0)
        await this.#client.query(
          `UPDATE anything SET ${set.map(([name, value]) => `${name} = ${value}`).join(', ')} WHERE id = ${id}`,
        );
    } else {
      const row = this.#values(0.7);
      const names = row.map(([name]) => `, ${name}`).join('');
      const values = row.map(([, value]) => `, ${value}`).join('');
      await this.#client.query(
        `INSERT INTO anything (id, big${names}) VALUES (${id}, repeat(md5(random()::text), ${this.#random.int(400)})${values}) ON CONFLICT DO NOTHING`,
      );
    }
  }

  /** Assignments for about `share` of the columns, some of them null. */
  #values(share: number): [string, string][] {
    const arrays: [string, string][] = [
      ['a0', `ARRAY[${this.#random.int(9)}, NULL]::int[]`],
      ['a1', `ARRAY[['a,b', ''], ['NULL', '"\\']]::text[]`],
      ['a2', `'{}'::numeric[]`],
      ['a3', `ARRAY['infinity', NULL]::timestamptz[]`],
    ];
    const scalars = this.#options.columns.map(({ name, values }): [string, string] => [
      name,
      this.#random.chance(0.1) ? 'NULL' : this.#random.pick(values),
    ]);
    return [...scalars, ...arrays].filter(() => this.#random.chance(share));
  }

  /** Two rows exchange a unique value through a third: only the right order works. */
  async #swap(): Promise<void> {
    const [one, other] = [1 + this.#random.int(40), 1 + this.#random.int(40)];
    if (one === other) return;
    const { rows } = await this.#client.query<{ id: number; place: number }>(
      'SELECT id, place FROM seats WHERE id IN ($1, $2) ORDER BY id FOR UPDATE',
      [one, other],
    );
    const [first, second] = rows;
    if (!first || !second) return;
    await this.#client.query('UPDATE seats SET place = -$1::int WHERE id = $1', [first.id]);
    await this.#client.query('UPDATE seats SET place = $2 WHERE id = $1', [second.id, first.place]);
    await this.#client.query('UPDATE seats SET place = $2 WHERE id = $1', [first.id, second.place]);
  }

  async #scratch(): Promise<void> {
    const roll = this.#random.next();
    if (roll < 0.15) await this.#client.query('TRUNCATE scratch');
    else if (roll < 0.3) await this.#client.query('DELETE FROM scratch WHERE id % 3 = 0');
    else
      await this.#client.query(
        `INSERT INTO scratch SELECT n, md5(n::text || $2) FROM generate_series($1::int, $1 + 50) AS n
          ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v`,
        [this.#random.int(2000), String(this.#random.int(1000))],
      );
  }

  /** An update that changes nothing is in the WAL all the same. */
  async #untouched(): Promise<void> {
    await this.#client.query('UPDATE accounts SET owner = owner WHERE id % 7 = $1', [this.#random.int(7)]);
  }

  #note(): string {
    const prefix = this.#options.onlyStreamed() ? ONLY_STREAMED : 'any-';
    return `${prefix}${this.#unique()}`;
  }

  #unique(): string {
    return `${this.#random.int(0x7fffffff).toString(36)}-${this.#random.int(0x7fffffff).toString(36)}`;
  }

  #freshId(): number {
    return 1000 + this.#random.int(2_000_000_000);
  }
}
