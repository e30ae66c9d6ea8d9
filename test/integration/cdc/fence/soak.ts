/**
 * Writers at all isolation levels against a fence that is held and lifted again and again, by coordinators that are killed
 * at any moment. The change stream tells: between a hold's message and the next message that lifts it no transaction with
 * rows may commit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { decodeFenceState, encodeFenceState } from '../../../../cdc/fence/fence-number.ts';
import type { FencedDatabase } from './fenced-database.ts';

export interface SoakReport {
  readonly holds: number;
  readonly kills: number;
  readonly commits: number;
  readonly refused: number;
  /** Transactions with rows that committed inside a hold. */
  readonly breaches: number;
}

const WRITERS = 8;
const LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];

export async function runSoak(shop: FencedDatabase, rounds: number, seed: number): Promise<SoakReport> {
  // Their own, so that how many coordinators are killed does not depend on how often the writers draw.
  const [ofWriters, ofCoordinators] = [randomFrom(seed), randomFrom(seed + 1)];
  const slot = `soak_${process.pid}_${Date.now()}`;
  await shop.admin.query(`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
  const counts = { commits: 0, refused: 0 };
  const stop = { now: false };
  const writers = Array.from({ length: WRITERS }, () => write(shop, counts, stop, ofWriters));
  let kills = 0;
  for (let round = 0; round < rounds; round++) kills += await hold(shop, round, ofCoordinators);
  stop.now = true;
  await Promise.all(writers);
  return { ...counts, kills, ...(await readBreaches(shop.admin, slot)) };
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One or two statements, often with a pause before, between or after: at the flip it is open, with or without a row. */
async function write(
  shop: FencedDatabase,
  counts: { commits: number; refused: number },
  stop: { now: boolean },
  random: () => number,
): Promise<void> {
  const client = await shop.connect(shop.writerRole);
  const pause = () => (random() < 0.5 ? `SELECT pg_sleep(${random() * 0.04})` : 'SELECT 1');
  const insert = () =>
    random() < 0.3
      ? `INSERT INTO orders (note) SELECT 'n' FROM pg_sleep(${random() * 0.03})`
      : `INSERT INTO orders (note) VALUES ('n')`;
  while (!stop.now) {
    const level = LEVELS[Math.floor(random() * 3)];
    try {
      // One statement that slipped through is hidden by a second, which is refused.
      const inserts = random() < 0.5 ? [insert()] : [insert(), pause(), insert()];
      for (const sql of [`BEGIN ISOLATION LEVEL ${level}`, pause(), ...inserts, pause(), 'COMMIT'])
        await client.query(sql);
      counts.commits++;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== 'FI001' && code !== '40001') throw error;
      counts.refused++;
      await client.query('ROLLBACK');
      await sleep(random() * 5);
    }
  }
}

/** Returns how many coordinators were killed. The next one finds the state, and lifts the fence if it holds. */
async function hold(shop: FencedDatabase, round: number, random: () => number): Promise<number> {
  const epoch = round + 2;
  const found = (await shop.fence.state())!;
  const turn = await readTurn(shop.admin);
  const coordinator = new pg.Client({ connectionString: shop.url });
  coordinator.on('error', () => undefined);
  await coordinator.connect();
  const turned = coordinator
    .query(
      `SELECT turned FROM ${turn}(${encodeFenceState(found)}, ${encodeFenceState({ epoch, mode: 'hold' })})`,
    )
    .catch(() => undefined);
  const killed = random() < 0.4;
  if (killed) {
    await sleep(random() * 60);
    await shop.admin.query('SELECT pg_terminate_backend($1, 5000)', [
      (coordinator as unknown as { processID: number }).processID,
    ]);
  }
  await turned;
  await coordinator.end().catch(() => undefined);
  await sleep(10 + random() * 30);
  const state = decodeFenceState(encodeFenceState((await shop.fence.state())!))!;
  await shop.fence.turn({ expected: state, wanted: { epoch, mode: 'armed' }, drainMs: 5_000 });
  await sleep(random() * 60);
  return killed ? 1 : 0;
}

async function readTurn(client: pg.Client): Promise<string> {
  const { rows } = await client.query(
    `SELECT format('ficus_fence.%I', proname) AS turn FROM pg_proc WHERE proname LIKE 'turn\\_%'`,
  );
  return rows[0].turn;
}

/** In the order of commits, which is the order of the stream. */
async function readBreaches(client: pg.Client, slot: string): Promise<{ holds: number; breaches: number }> {
  const { rows } = await client.query<{ xid: string; data: string }>(
    `SELECT xid::text, data FROM pg_logical_slot_get_changes($1, NULL, NULL)`,
    [slot],
  );
  await client.query('SELECT pg_drop_replication_slot($1)', [slot]);
  let [holds, breaches, held] = [0, 0, false];
  const breached = new Set<string>();
  for (const { xid, data } of rows) {
    const message = /prefix: ficus\.fence, .*content:(\d+)$/.exec(data)?.[1];
    if (message !== undefined) {
      held = decodeFenceState(message)!.mode === 'hold';
      if (held) holds++;
    } else if (held && data.startsWith('table ') && !breached.has(xid)) {
      breached.add(xid);
      breaches++;
    }
  }
  return { holds, breaches };
}
