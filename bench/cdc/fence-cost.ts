/**
 * What a fence costs: time of the server for each statement that passes it, and how long a turn takes from the command to
 * the durable barrier, beside transactions of two statements each. The loops run in the server, so that no client counts.
 */
import { type Fence, openFence } from '@ficus/cdc';
import type pg from 'pg';
import { connect, freshDatabase, type Stage } from '../stage.ts';
import { median, percentile } from '../statistics.ts';

export interface FenceFigures {
  /** Microseconds that a statement takes longer with the fence: the first of its transaction, and later ones. */
  readonly armedFirstUs: number;
  readonly armedLaterUs: number;
  readonly observeLaterUs: number;
  /** Without any fence, for comparison. */
  readonly statementUs: number;
  readonly holds: number;
  readonly writesPerSecond: number;
  readonly holdMs: { readonly p50: number; readonly p95: number; readonly max: number };
  readonly liftMs: { readonly p50: number; readonly p95: number; readonly max: number };
}

const NAME = 'fence';
const STATEMENTS = 20_000;

export async function measureFence(stage: Stage, rounds: number, holds: number): Promise<FenceFigures> {
  const client = await freshDatabase(stage.source, NAME);
  const url = stage.source.url(NAME);
  await client.query(
    `CREATE TABLE bare (id int PRIMARY KEY, v int) WITH (fillfactor = 50); CREATE TABLE item (LIKE bare INCLUDING ALL);
     INSERT INTO bare SELECT n, 0 FROM generate_series(1, 100) AS n; INSERT INTO item SELECT * FROM bare`,
  );
  const fence = openFence({
    slice: NAME,
    side: 'legacy',
    url,
    tables: ['public.item'],
    applierRole: 'postgres',
  });
  try {
    await fence.install({ epoch: 1, mode: 'armed' });
    const armed = await compare(client, rounds);
    await fence.observe(true);
    const observed = await compare(client, rounds);
    await fence.observe(false);
    return {
      armedFirstUs: armed.first,
      armedLaterUs: armed.later,
      observeLaterUs: observed.later,
      statementUs: armed.bare,
      holds,
      ...(await measureTurns(fence, stage.source.url(NAME), holds)),
    };
  } finally {
    await fence.close();
    await client.end();
    await stage.source.dropDatabase(NAME);
  }
}

/** One after the other in each round, so that both meet the same machine. */
async function compare(client: pg.Client, rounds: number) {
  const took: Record<'bare' | 'later' | 'bareFirst' | 'first', number[]> = {
    bare: [],
    later: [],
    bareFirst: [],
    first: [],
  };
  for (let round = 0; round < rounds; round++) {
    took.bare.push(await loop(client, 'bare', ''));
    took.later.push(await loop(client, 'item', ''));
    took.bareFirst.push(await loop(client, 'bare', 'COMMIT;'));
    took.first.push(await loop(client, 'item', 'COMMIT;'));
  }
  return {
    bare: median(took.bare),
    later: median(took.later) - median(took.bare),
    first: median(took.first) - median(took.bareFirst),
  };
}

/** Microseconds for a statement. */
async function loop(client: pg.Client, table: string, commit: string): Promise<number> {
  await client.query(`VACUUM ${table}; `);
  const began = performance.now();
  await client.query(`SET synchronous_commit = off`);
  await client.query(
    `DO $$ BEGIN FOR n IN 1..${STATEMENTS} LOOP UPDATE ${table} SET v = n WHERE id = n % 100 + 1; ${commit} END LOOP; END $$`,
  );
  return ((performance.now() - began) * 1000) / STATEMENTS;
}

async function measureTurns(fence: Fence, url: string, holds: number) {
  const writers = await Promise.all(Array.from({ length: 4 }, () => startWriter(url, 75)));
  const [holding, lifting]: [number[], number[]] = [[], []];
  for (let n = 0; n < holds; n++) {
    const epoch = n + 2;
    holding.push(await timed(fence, { epoch: epoch - 1, mode: 'armed' }, { epoch, mode: 'hold' }));
    lifting.push(await timed(fence, { epoch, mode: 'hold' }, { epoch, mode: 'armed' }));
    await new Promise((resolve) => setTimeout(resolve, 15 + (n % 7) * 5));
  }
  const rates = await Promise.all(writers.map((writer) => writer.stop()));
  const summary = (times: readonly number[]) => ({
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    max: Math.max(...times),
  });
  return {
    writesPerSecond: Math.round(rates.reduce((sum, rate) => sum + rate, 0)),
    holdMs: summary(holding),
    liftMs: summary(lifting),
  };
}

type State = Parameters<Fence['turn']>[0]['wanted'];

async function timed(fence: Fence, expected: State, wanted: State): Promise<number> {
  const began = performance.now();
  const { turned } = await fence.turn({ expected, wanted, drainMs: 2_000 });
  if (!turned) throw new Error('the fence was not turned');
  return performance.now() - began;
}

/** Transactions of two statements at a steady rate; a refused one is over. */
async function startWriter(url: string, perSecond: number) {
  const client = await connect(url);
  const began = performance.now();
  let [sent, stopped] = [0, false];
  const loop = (async () => {
    while (!stopped) {
      const due = Math.ceil(((performance.now() - began) / 1000) * perSecond);
      for (; sent < due; sent++) await writeTwice(client, (sent % 100) + 1);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await loop;
      await client.end();
      return sent / ((performance.now() - began) / 1000);
    },
  };
}

async function writeTwice(client: pg.Client, id: number): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query({ name: 'item', text: 'UPDATE item SET v = v + 1 WHERE id = $1', values: [id] });
    await client.query({ name: 'item', text: 'UPDATE item SET v = v + 1 WHERE id = $1', values: [id] });
    await client.query('COMMIT');
  } catch (error) {
    if ((error as { code?: string }).code !== 'FI001') throw error;
    await client.query('ROLLBACK');
  }
}
