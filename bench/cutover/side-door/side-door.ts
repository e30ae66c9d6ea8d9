/**
 * Writers that pass by the routes: a timer job, one statement at a time, and a person with psql, whose transactions stay
 * open for a moment. They hold a connection to the database that owned the writes when they started, and know nothing
 * of a change of owner. Called by rounds.ts, around each change.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { onMachineClock, type WriteRecord } from '../../../sample/load/write-record.ts';
import { INSERT_PREFIX } from '../load/notification-requests.ts';

export interface SideDoor {
  readonly kind: SideDoorKind;
  /** Lets the write under way end; returns everything that was acknowledged or refused. */
  stop(): Promise<readonly WriteRecord[]>;
}

export const SIDE_DOORS = ['timer job', 'psql'] as const;
export type SideDoorKind = (typeof SIDE_DOORS)[number];

interface SideDoorOptions {
  readonly kind: SideDoorKind;
  readonly url: string;
  /** `Subject.sideDoorInsert` */
  readonly insert: string;
  /** Part of each key: no two rounds share one. */
  readonly round: number;
  readonly customers: readonly number[];
}

const EVERY_MS: Readonly<Record<SideDoorKind, number>> = { 'timer job': 50, psql: 100 };
/** How long a transaction of psql stays open after its statement. */
const OPEN_MS = 30;

/** Resolves once it is connected. */
export async function openSideDoor(options: SideDoorOptions): Promise<SideDoor> {
  const records: WriteRecord[] = [];
  const stopping = new AbortController();
  const connection = new Connection(options.url, options.kind);
  await connection.get();
  const writing = (async () => {
    for (let number = 1; !stopping.signal.aborted; number += 1) {
      const began = performance.now();
      records.push(await writeOne(connection, options, number));
      const restMs = Math.max(0, EVERY_MS[options.kind] - (performance.now() - began));
      await delay(restMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    kind: options.kind,
    stop: async () => {
      stopping.abort();
      await writing;
      await connection.close();
      return records;
    },
  };
}

async function writeOne(
  connection: Connection,
  { kind, insert, round, customers }: SideDoorOptions,
  number: number,
): Promise<WriteRecord> {
  const key = `${INSERT_PREFIX}${kind} ${round}-${number}`;
  const dueAt = onMachineClock(performance.now());
  let failure = '';
  try {
    const client = await connection.get();
    const values = [key, customers[number % customers.length]!];
    if (kind === 'psql') await inTransaction(client, insert, values);
    else await client.query(insert, values);
  } catch (error) {
    failure = describe(error as pg.DatabaseError);
  }
  const endedAt = onMachineClock(performance.now());
  return { key, dueAt, endedAt, acknowledged: failure === '', failure, side: '' };
}

async function inTransaction(client: pg.Client, insert: string, values: readonly unknown[]): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(insert, [...values]);
    await delay(OPEN_MS);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** A connection that was lost has no SQLSTATE. */
const describe = ({ code, message }: pg.DatabaseError): string =>
  code ? `${code} ${message}` : 'connection lost';

/** One connection, opened again after it was lost. */
class Connection {
  readonly #url: string;
  readonly #name: string;
  #client: pg.Client | undefined;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  async get(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client({ connectionString: this.#url, application_name: this.#name });
    client.on('error', () => undefined);
    client.on('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    this.#client = client;
    return client;
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }
}
