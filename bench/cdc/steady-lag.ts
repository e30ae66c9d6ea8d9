/**
 * Lag under a steady load: each transaction writes the time by the source's clock, a trigger on the target records its
 * arrival; both clusters share the machine's clock. Commit to visible, end to end.
 */
import { tableSchema } from '@ficus/core';
import { connect, dropSlots, freshDatabase, type Stage, until } from '../stage.ts';
import { percentile } from '../statistics.ts';
import { launchEngine } from './engine.ts';

interface LagFigures {
  readonly askedPerSecond: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const TIMEOUT_MS = 60_000;
const WRITERS = 4;

export async function measureLag(stage: Stage, perSecond: number, seconds: number): Promise<LagFigures> {
  const source = await freshDatabase(stage.source, 'lag');
  const target = await freshDatabase(stage.target, 'lag');
  const TABLE = 'CREATE TABLE beat (id bigserial PRIMARY KEY, sent_at timestamptz NOT NULL)';
  await source.query(TABLE);
  await target.query(`${TABLE}; ALTER TABLE beat ADD COLUMN seen_at timestamptz DEFAULT clock_timestamp()`);
  const engine = await launchEngine({
    slice: 'lag',
    tables: [tableSchema.parse({ from: 'beat', to: 'beat', columns: { id: 'id', sent_at: 'sent_at' } })],
    sourceUrl: stage.source.url('lag'),
    targetUrl: stage.target.url('lag'),
  });
  try {
    engine.start();
    await until(async () => (await engine.usage()).status.state === 'streaming', TIMEOUT_MS, 'the stream');
    const began = performance.now();
    const sent = await Promise.all(
      Array.from({ length: WRITERS }, () => write(stage, perSecond / WRITERS, seconds)),
    );
    const total = sent.reduce((sum, one) => sum + one, 0);
    const elapsed = (performance.now() - began) / 1000;
    const arrived = async () => Number((await target.query('SELECT count(*) AS n FROM beat')).rows[0].n);
    await until(async () => (await arrived()) === total, TIMEOUT_MS, 'all rows on the target');
    const { rows } = await target.query(
      `SELECT extract(epoch FROM seen_at - sent_at)::float8 * 1000 AS ms FROM beat ORDER BY id OFFSET $1`,
      // The first second warms up.
      [perSecond],
    );
    const lags = rows.map((row) => row.ms as number);
    return {
      askedPerSecond: perSecond,
      perSecond: Math.round(total / elapsed),
      p50Ms: percentile(lags, 0.5),
      p99Ms: percentile(lags, 0.99),
    };
  } finally {
    await engine.stop();
    await source.end();
    await target.end();
    await dropSlots(stage, 'lag');
    await stage.source.dropDatabase('lag');
    await stage.target.dropDatabase('lag');
  }
}

/** Writes on schedule: late writes are caught up, so that the rate stays as configured. */
async function write(stage: Stage, perSecond: number, seconds: number): Promise<number> {
  const client = await connect(stage.source.url('lag'));
  const total = Math.round(perSecond * seconds);
  const began = performance.now();
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - began) / 1000) * perSecond));
    if (due <= sent) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    for (; sent < due; sent++)
      await client.query({ name: 'beat', text: 'INSERT INTO beat (sent_at) VALUES (clock_timestamp())' });
  }
  await client.end();
  return total;
}
