/** What catches up with a backlog: PostgreSQL's own replication, or an engine of ours from any checkout. */
import { tableSchema } from '@ficus/core';
import type pg from 'pg';
import { freshDatabase, type Stage, until } from '../stage.ts';
import { launchEngine } from './engine.ts';
import { processCpuMs } from './process-cpu.ts';

/** Milliseconds (microseconds per transaction in the figures) of user and system time, by side. */
export interface CpuSplit {
  readonly source: number;
  readonly engine: number;
  readonly target: number;
}

export interface Turn {
  readonly ms: number;
  readonly cpuMs: CpuSplit;
}

export interface Contestant {
  readonly name: string;
  /** Its database on the target's cluster, and a connection to it. */
  readonly database: string;
  readonly target: pg.Client;
  /** Makes the slot, and copies what the table holds already. */
  copyFirst(): Promise<void>;
  /** Starts it, waits until it has caught up, and stops it. */
  catchUp(caughtUp: () => Promise<void>): Promise<Turn>;
  end(): Promise<void>;
}

const FIRST_COPY_MS = 300_000;
const NATIVE_BACKENDS = `SELECT pid FROM pg_stat_activity WHERE application_name = 'native' OR backend_type LIKE 'logical replication%worker'`;

/** Native logical replication with one worker. */
export async function nativeReplication(
  stage: Stage,
  source: pg.Client,
  sourceDatabase: string,
  table: string,
): Promise<Contestant> {
  const database = `${sourceDatabase}_native`;
  const target = await freshDatabase(stage.target, database);
  await target.query(table);
  await source.query('CREATE PUBLICATION native FOR TABLE account');
  return {
    name: 'native',
    database,
    target,
    async copyFirst() {
      await target.query(
        `CREATE SUBSCRIPTION native CONNECTION '${stage.source.url(sourceDatabase)}' PUBLICATION native`,
      );
      const copied = async () =>
        (await target.query(`SELECT 1 FROM pg_subscription_rel WHERE srsubstate <> 'r'`)).rowCount === 0;
      await until(copied, FIRST_COPY_MS, 'first copy by native replication');
      await target.query('ALTER SUBSCRIPTION native DISABLE');
    },
    async catchUp(caughtUp) {
      const began = performance.now();
      await target.query('ALTER SUBSCRIPTION native ENABLE');
      await caughtUp();
      const ms = performance.now() - began;
      const cpuMs = { ...(await cpuOf(source, target, NATIVE_BACKENDS)), engine: 0 };
      await target.query('ALTER SUBSCRIPTION native DISABLE');
      return { ms, cpuMs };
    },
    async end() {
      await target.query('DROP SUBSCRIPTION IF EXISTS native').catch(() => undefined);
      await target.end();
    },
  };
}

/**
 * An engine of ours.
 * @param programs folder of the checkout that holds engine-process.ts
 * @param name names the slice, and with it slot and connections
 */
export async function engineOf(
  programs: string,
  name: string,
  stage: Stage,
  source: pg.Client,
  sourceDatabase: string,
  table: string,
): Promise<Contestant> {
  const database = `${sourceDatabase}_${name}`;
  const target = await freshDatabase(stage.target, database);
  await target.query(table);
  const options = {
    slice: name,
    tables: [tableSchema.parse({ from: 'account', to: 'account' })],
    sourceUrl: stage.source.url(sourceDatabase),
    targetUrl: stage.target.url(database),
  };
  const backends = `SELECT pid FROM pg_stat_activity WHERE application_name = 'ficus ${name}'`;
  return {
    name,
    database,
    target,
    copyFirst: () => copyFirst(options, programs),
    async catchUp(caughtUp) {
      const engine = await launchEngine(options, programs);
      try {
        // Loading the program, most of it the removal of its types, is no part of catching up.
        const loaded = await engine.usage();
        const began = performance.now();
        engine.start();
        await caughtUp();
        const ms = performance.now() - began;
        const cpuMs = await cpuOf(source, target, backends);
        return { ms, cpuMs: { ...cpuMs, engine: (await engine.stop()).cpuMs - loaded.cpuMs } };
      } finally {
        // After any failure: no process may keep looking for the databases.
        engine.kill();
      }
    },
    end: () => target.end(),
  };
}

async function copyFirst(options: Parameters<typeof launchEngine>[0], programs: string): Promise<void> {
  const engine = await launchEngine(options, programs);
  try {
    engine.start();
    const streams = async () => (await engine.usage()).status.state === 'streaming';
    await until(streams, FIRST_COPY_MS, 'first copy');
    await engine.stop();
  } finally {
    engine.kill();
  }
}

/** User and system time so far of the backends that the query names on either side. */
async function cpuOf(source: pg.Client, target: pg.Client, query: string): Promise<Omit<CpuSplit, 'engine'>> {
  const of = async (client: pg.Client) =>
    (await client.query(query)).rows.reduce((ms: number, { pid }) => ms + processCpuMs(pid as number), 0);
  return { source: await of(source), target: await of(target) };
}
