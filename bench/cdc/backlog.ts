/**
 * Catching up with a backlog of small transactions: native logical replication (one worker) and ours, one after the
 * other on the same backlog, in alternating order. Both begin with slots at the same position and equal tables, and
 * both are timed from the start command until the last transaction's row is on the target.
 */

import { tableSchema } from '@ficus/core';
import type pg from 'pg';
import { launchEngine } from './engine.ts';
import { processCpuMs } from './process-cpu.ts';
import { connect, dropSlots, freshDatabase, median, type Stage, until } from './stage.ts';

export interface BacklogOptions {
  readonly transactions: number;
  readonly rounds: number;
  /** Keys that the transactions touch at random; 0: each transaction a new key. */
  readonly keys: number;
  readonly log: (line: string) => void;
}

export interface BacklogFigures {
  readonly nativePerSecond: number;
  readonly oursPerSecond: number;
  readonly ratio: number;
  readonly rounds: readonly { native: number; ours: number; ratio: number }[];
  /** User and system time of all processes that took part, per transaction; holds still when rates do not. */
  readonly nativeCpuUs: number;
  readonly oursCpuUs: number;
  readonly cpuRatio: number;
  /** Our CPU time per transaction: backends of the source, our process, backends of the target. */
  readonly oursCpuSplitUs: CpuSplit;
  readonly nativeCpuSplitUs: CpuSplit;
}

/** Milliseconds (microseconds per transaction in the figures) of user and system time, by side. */
interface CpuSplit {
  readonly source: number;
  readonly engine: number;
  readonly target: number;
}

const TABLE = `CREATE TABLE account (
  id bigint PRIMARY KEY, version integer NOT NULL, amount numeric(12,2) NOT NULL, note text NOT NULL,
  changed_at timestamptz NOT NULL)`;
const MARKER = -1;
const TIMEOUT_MS = 300_000;

export async function measureBacklog(stage: Stage, options: BacklogOptions): Promise<BacklogFigures> {
  const source = await freshDatabase(stage.source, 'backlog');
  const native = await freshDatabase(stage.target, 'backlog_native');
  const ours = await freshDatabase(stage.target, 'backlog_ours');
  try {
    await source.query(`${TABLE}; ${WRITER}`);
    await native.query(TABLE);
    await ours.query(TABLE);
    return await runRounds(stage, options, { source, native, ours });
  } finally {
    await native.query('DROP SUBSCRIPTION IF EXISTS native').catch(() => undefined);
    for (const client of [source, native, ours]) await client.end();
    await dropSlots(stage, 'backlog');
    await stage.source.dropDatabase('backlog');
    for (const name of ['backlog_native', 'backlog_ours']) await stage.target.dropDatabase(name);
  }
}

interface Clients {
  readonly source: pg.Client;
  readonly native: pg.Client;
  readonly ours: pg.Client;
}

async function runRounds(stage: Stage, options: BacklogOptions, clients: Clients): Promise<BacklogFigures> {
  const { source, native, ours } = clients;
  if (options.keys > 0)
    await source.query(
      `INSERT INTO account SELECT id, 0, id, 'row ' || id, now() FROM generate_series(1, $1::int / 2) id`,
      [options.keys],
    );
  await source.query(`CREATE PUBLICATION native FOR TABLE account`);
  await native.query(
    `CREATE SUBSCRIPTION native CONNECTION '${stage.source.url('backlog')}' PUBLICATION native`,
  );
  const oursOptions = {
    slice: 'bench',
    tables: [tableSchema.parse({ from: 'account', to: 'account' })],
    sourceUrl: stage.source.url('backlog'),
    targetUrl: stage.target.url('backlog_ours'),
  };
  const first = await launchEngine(oursOptions);
  first.start();
  await sendMarker(source, 0);
  await hasMarker(native, 0);
  await hasMarker(ours, 0);
  await until(async () => (await first.usage()).status.state === 'streaming', TIMEOUT_MS, 'first copy');
  await first.stop();
  await native.query('ALTER SUBSCRIPTION native DISABLE');

  const rounds: { native: number; ours: number; ratio: number }[] = [];
  const cpu: { native: CpuSplit; ours: CpuSplit }[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    await slotsIdle(source);
    await writeBacklog(stage, options, round);
    await sendMarker(source, round);
    for (const client of [source, native, ours]) await client.query('CHECKPOINT');
    let nativeMs = 0;
    let oursMs = 0;
    let nativeCpu = NO_CPU;
    let oursCpu = NO_CPU;
    const runNative = async () => {
      const began = performance.now();
      await native.query('ALTER SUBSCRIPTION native ENABLE');
      await hasMarker(native, round);
      nativeMs = performance.now() - began;
      nativeCpu = await cpuOf(source, native, NATIVE_BACKENDS);
      await native.query('ALTER SUBSCRIPTION native DISABLE');
    };
    const runOurs = async () => {
      const engine = await launchEngine(oursOptions);
      try {
        const began = performance.now();
        engine.start();
        await hasMarker(ours, round);
        oursMs = performance.now() - began;
        const backends = await cpuOf(source, ours, OUR_BACKENDS);
        oursCpu = { ...backends, engine: (await engine.stop()).cpuMs };
      } finally {
        // After any failure: no process may keep looking for the databases.
        engine.kill();
      }
    };
    for (const run of round % 2 ? [runNative, runOurs] : [runOurs, runNative]) await run();
    await assertEqual(clients);
    const perSecond = (ms: number) => Math.round((options.transactions / ms) * 1000);
    rounds.push({ native: perSecond(nativeMs), ours: perSecond(oursMs), ratio: nativeMs / oursMs });
    cpu.push({ native: nativeCpu, ours: oursCpu });
    options.log(
      `round ${round}: native ${perSecond(nativeMs)}/s, ours ${perSecond(oursMs)}/s, ${(nativeMs / oursMs).toFixed(2)} ×; CPU ${describeCpu(nativeCpu)} and ${describeCpu(oursCpu)}`,
    );
  }
  return {
    nativePerSecond: median(rounds.map((round) => round.native)),
    oursPerSecond: median(rounds.map((round) => round.ours)),
    ratio: median(rounds.map((round) => round.ratio)),
    rounds,
    nativeCpuUs: (median(cpu.map((one) => sum(one.native))) * 1000) / options.transactions,
    oursCpuUs: (median(cpu.map((one) => sum(one.ours))) * 1000) / options.transactions,
    cpuRatio: median(cpu.map((one) => sum(one.native) / sum(one.ours))),
    nativeCpuSplitUs: medianSplit(
      cpu.map((one) => one.native),
      options.transactions,
    ),
    oursCpuSplitUs: medianSplit(
      cpu.map((one) => one.ours),
      options.transactions,
    ),
  };
}

const NATIVE_BACKENDS = `SELECT pid FROM pg_stat_activity WHERE application_name = 'native' OR backend_type LIKE 'logical replication%worker'`;
const OUR_BACKENDS = `SELECT pid FROM pg_stat_activity WHERE application_name = 'ficus bench'`;

const NO_CPU: CpuSplit = { source: 0, engine: 0, target: 0 };

/** User and system time so far of the backends that the query names on either side. */
async function cpuOf(source: pg.Client, target: pg.Client, query: string): Promise<CpuSplit> {
  const of = async (client: pg.Client) =>
    (await client.query(query)).rows.reduce((ms: number, { pid }) => ms + processCpuMs(pid as number), 0);
  return { source: await of(source), engine: 0, target: await of(target) };
}

function sum({ source, engine, target }: CpuSplit): number {
  return source + engine + target;
}

function describeCpu(split: CpuSplit): string {
  const { source, engine, target } = split;
  const parts = [source, engine, target].map((ms) => Math.round(ms)).join(' + ');
  return `${Math.round(sum(split))} ms (source + engine + target: ${parts})`;
}

function medianSplit(splits: readonly CpuSplit[], transactions: number): CpuSplit {
  const of = (side: keyof CpuSplit) =>
    Math.round((median(splits.map((split) => split[side])) * 100_000) / transactions) / 100;
  return { source: of('source'), engine: of('engine'), target: of('target') };
}

// One commit per row, in a loop inside the server; several sessions interleave their transactions.
const WRITER = `CREATE PROCEDURE write_backlog(round int, part int, parts int, transactions int, keys int)
LANGUAGE plpgsql AS $body$
DECLARE key bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', false);
  PERFORM setseed(part::float8 / parts);
  FOR i IN 1..transactions / parts LOOP
    IF keys = 0 THEN
      INSERT INTO account VALUES (round::bigint * 100000000 + i * parts + part, round, i, 'row ' || i, clock_timestamp());
    ELSE
      key := 1 + floor(random() * keys);
      INSERT INTO account AS a VALUES (key, round, i, 'row ' || i, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET version = a.version + 1, amount = a.amount + 1, note = excluded.note, changed_at = excluded.changed_at;
    END IF;
    COMMIT;
  END LOOP;
END $body$`;

async function writeBacklog(stage: Stage, options: BacklogOptions, round: number): Promise<void> {
  const parts = 2;
  await Promise.all(
    Array.from({ length: parts }, async (_, part) => {
      const client = await connect(stage.source.url('backlog'));
      try {
        await client.query(
          `CALL write_backlog(${round}, ${part}, ${parts}, ${options.transactions}, ${options.keys})`,
        );
      } finally {
        await client.end();
      }
    }),
  );
}

async function sendMarker(source: pg.Client, round: number): Promise<void> {
  await source.query(
    `INSERT INTO account VALUES ($1, $2, 0, 'marker', now()) ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
    [MARKER, round],
  );
}

async function hasMarker(target: pg.Client, round: number): Promise<void> {
  await until(
    async () =>
      (await target.query('SELECT 1 FROM account WHERE id = $1 AND version = $2', [MARKER, round]))
        .rowCount === 1,
    TIMEOUT_MS,
    'the last transaction on the target',
  );
}

async function slotsIdle(source: pg.Client): Promise<void> {
  await until(
    async () =>
      (
        await source.query(
          'SELECT 1 FROM pg_replication_slots WHERE active AND database = current_database()',
        )
      ).rowCount === 0,
    TIMEOUT_MS,
    'slots to be free',
  );
}

async function assertEqual({ source, native, ours }: Clients): Promise<void> {
  const query = `SELECT count(*)::text AS rows, sum(hashtextextended(a::text, 0))::text AS hash FROM account a`;
  const answers = await Promise.all(
    [source, native, ours].map(async (client) => JSON.stringify((await client.query(query)).rows[0])),
  );
  if (new Set(answers).size !== 1) throw new Error(`the databases differ: ${answers.join(' ')}`);
}
