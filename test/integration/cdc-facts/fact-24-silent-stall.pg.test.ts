/**
 * Fact 24. "It was green and had not moved for days" is what is said most about such tools: their health asks whether the
 * socket is open, and the socket is. Here health is the age of the last heartbeat that went through the source's WAL, the
 * stream and the target's transaction; whatever stands still on that way, the lag grows.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../cdc/open-replication.ts';
import type { Replication } from '../../../cdc/replication.ts';
import { openRelay, type Relay } from '../../faults/relay.ts';
import { parseConfigTables } from '../cdc-mapping/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../cdc-mapping/streamed-pair.ts';

const TABLE = 'CREATE TABLE event (id bigserial PRIMARY KEY, body text)';
const TABLES = [{ from: 'event', to: 'event' }];
const settings = { heartbeatMs: 50, acknowledgeMs: 50 };

let pair: StreamedPair | undefined;
let relayed: Replication | undefined;
let relay: Relay | undefined;
afterEach(async () => {
  relay?.resume();
  await relayed?.stop();
  await pair?.drop();
  await relay?.close();
  pair = undefined;
  relayed = undefined;
  relay = undefined;
});

async function start(): Promise<StreamedPair> {
  const started = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: TABLES,
    options: { settings },
  });
  await started.settle();
  return started;
}

/** What a check of open sockets would see. */
async function socketIsOpen(given: StreamedPair): Promise<boolean> {
  const { rows } = await given.source.query(
    `SELECT r.state FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid
       WHERE s.database = current_database()`,
  );
  return rows.length === 1;
}

/** The lag grows past a bound, and is gone once things move again. */
async function expectStall(given: StreamedPair, replication: Replication, end: () => unknown): Promise<void> {
  await expect.poll(() => replication.status().lagMs, { timeout: 10_000 }).toBeGreaterThan(1_000);
  expect(await socketIsOpen(given)).toBe(true);
  expect(replication.status().state).toBe('streaming');
  await end();
  await expect.poll(() => replication.status().lagMs, { timeout: 10_000 }).toBeLessThan(900);
}

test('a quiet slice is healthy: heartbeats move the checkpoint on the target', async () => {
  pair = await start();
  const { target, replication } = pair;
  const checkpoint = async () =>
    (await target.query('SELECT lsn::text FROM ficus.checkpoint')).rows[0].lsn as string;
  const before = await checkpoint();
  await expect.poll(checkpoint).not.toBe(before);
  expect(replication.status().rowsApplied).toBe(0);
  await expect.poll(() => replication.status().lagMs).toBeLessThan(900);
});

test('a target that does not get on: the socket is open, the lag grows', async () => {
  pair = await start();
  const blocker = new pg.Client({ connectionString: pair.targetUrl });
  await blocker.connect();
  await blocker.query('BEGIN; LOCK TABLE event IN ACCESS EXCLUSIVE MODE');
  await pair.source.query(`INSERT INTO event (body) VALUES ('held')`);
  await expectStall(pair, pair.replication, async () => {
    await blocker.query('COMMIT');
    await blocker.end();
  });
});

test('a network that swallows everything: the socket is open, the lag grows', async () => {
  pair = await start();
  await pair.replication.stop();
  relay = await openRelay(inject('postgresPort'));
  const sourceUrl = new URL(pair.sourceUrl);
  sourceUrl.port = String(relay.port);
  relayed = openReplication({
    slice: 'facts',
    tables: parseConfigTables(TABLES),
    sourceUrl: sourceUrl.href,
    targetUrl: pair.targetUrl,
    settings,
  });
  await relayed.start();
  await expect.poll(async () => pair && socketIsOpen(pair)).toBe(true);
  const { stall, resume } = relay;
  stall();
  await expectStall(pair, relayed, resume);
});
