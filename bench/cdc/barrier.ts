/**
 * How long a cutover waits for its barrier: from the commit of a message in the source's WAL until a waiter is woken, with
 * everything before it on the target, through a crash of the target. On an idle stream, and beside writers.
 */
import { openReplication } from '@ficus/cdc';
import { tableSchema } from '@ficus/core';
import type pg from 'pg';
import { connect, dropSlots, freshDatabase, type Stage, until } from '../stage.ts';
import { percentile } from '../statistics.ts';

interface BarrierTimes {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

export interface BarrierFigures {
  readonly barriers: number;
  readonly idle: BarrierTimes;
  /** Beside so many transactions a second. */
  readonly writesPerSecond: number;
  readonly loaded: BarrierTimes;
}

const TIMEOUT_MS = 60_000;
const BARRIER_MS = 10_000;
const NAME = 'barrier';

export async function measureBarrier(
  stage: Stage,
  barriers: number,
  writesPerSecond: number,
): Promise<BarrierFigures> {
  const source = await freshDatabase(stage.source, NAME);
  const target = await freshDatabase(stage.target, NAME);
  const TABLE = 'CREATE TABLE item (id bigserial PRIMARY KEY, v text)';
  await source.query(TABLE);
  await target.query(TABLE);
  const replication = openReplication({
    slice: NAME,
    tables: [tableSchema.parse({ from: 'item', to: 'item' })],
    sourceUrl: stage.source.url(NAME),
    targetUrl: stage.target.url(NAME),
  });
  const round = () => passBarrier(source, target, (lsn) => replication.waitForDurable(lsn, BARRIER_MS));
  try {
    await replication.start();
    await until(async () => replication.status().state === 'streaming', TIMEOUT_MS, 'the stream');
    await measure(10, round);
    const idle = await measure(barriers, round);
    const load = startLoad(await connect(stage.source.url(NAME)), writesPerSecond);
    await measure(10, round);
    const loaded = await measure(barriers, round);
    return { barriers, idle, writesPerSecond: await load.stop(), loaded };
  } finally {
    await replication.stop();
    await source.end();
    await target.end();
    await dropSlots(stage, NAME);
    await stage.source.dropDatabase(NAME);
    await stage.target.dropDatabase(NAME);
  }
}

async function measure(times: number, round: () => Promise<number>): Promise<BarrierTimes> {
  const took: number[] = [];
  for (let n = 0; n < times; n++) {
    took.push(await round());
    await new Promise((resolve) => setTimeout(resolve, 20 + (n % 7) * 5));
  }
  return { p50Ms: percentile(took, 0.5), p95Ms: percentile(took, 0.95), maxMs: Math.max(...took) };
}

/** @returns milliseconds from the commit on the source @throws Error when the barrier let something through */
async function passBarrier(
  source: pg.Client,
  target: pg.Client,
  waitFor: (lsn: string) => Promise<boolean>,
): Promise<number> {
  const written = await source.query(`INSERT INTO item (v) VALUES ('before') RETURNING id`);
  await source.query('BEGIN');
  const { rows } = await source.query(
    `SELECT pg_logical_emit_message(true, 'ficus.fence', '1')::text AS lsn`,
  );
  await source.query('COMMIT');
  const began = performance.now();
  if (!(await waitFor(rows[0].lsn))) throw new Error('the barrier did not arrive');
  const took = performance.now() - began;
  const { rowCount } = await target.query('SELECT FROM item WHERE id = $1', [written.rows[0].id]);
  if (rowCount !== 1) throw new Error('a row from before the barrier is not on the target');
  return took;
}

function startLoad(client: pg.Client, perSecond: number): { stop(): Promise<number> } {
  const began = performance.now();
  let [sent, stopped] = [0, false];
  const loop = (async () => {
    while (!stopped) {
      const due = Math.ceil(((performance.now() - began) / 1000) * perSecond);
      for (; sent < due; sent++)
        await client.query({ name: 'item', text: `INSERT INTO item (v) VALUES ('load')` });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await loop;
      await client.end();
      return Math.round(sent / ((performance.now() - began) / 1000));
    },
  };
}
