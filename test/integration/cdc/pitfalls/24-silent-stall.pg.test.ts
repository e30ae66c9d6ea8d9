/**
 * Pitfall 24. "It was green and had not moved for days" is the most common complaint about such tools: their health
 * checks whether the socket is open, and it is. Here health is the age of the last heartbeat that went through the
 * source's WAL, the stream and the target's transaction; a stall anywhere on that way makes the lag grow.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { openRelay, type Relay } from '../../../faults/relay.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const TABLE = 'CREATE TABLE event (id bigserial PRIMARY KEY, body text)';
const TABLES = [{ from: 'event', to: 'event' }];
const settings = { heartbeatMs: 50, acknowledgeMs: 50, reconnectMaxMs: 100 };

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
  const started = await startStreamedPair(inject('holdingPort'), {
    sourcePort: inject('postgresPort'),
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

/** The lag exceeds a bound, and recovers once things move again. */
async function expectStall(given: StreamedPair, replication: Replication, end: () => unknown): Promise<void> {
  await expect.poll(() => replication.status().lagMs).toBeGreaterThan(1_000);
  expect(await socketIsOpen(given)).toBe(true);
  expect(replication.status().state).toBe('streaming');
  await end();
  await expect.poll(() => replication.status().lagMs).toBeLessThan(900);
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

test('a stalled target: the socket is open, the lag grows', async () => {
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
    onFault: failTheRun,
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

test('a stream that is interrupted again and again without progress: the lag grows', async () => {
  pair = await start();
  const { source, target, targetUrl, replication } = pair;
  await source.query(`INSERT INTO event (body) VALUES ('free')`);
  await pair.settle();
  const blocker = new pg.Client({ connectionString: targetUrl });
  blocker.on('error', () => undefined);
  await blocker.connect();
  await blocker.query('BEGIN; SELECT FROM event FOR UPDATE');
  await source.query(`UPDATE event SET body = 'held'`);
  const states = new Set<string>();
  replication.subscribe(({ state }) => states.add(state));
  let interruptions = 0;
  // A statement that waits for the lock is soon cancelled and retried.
  const lagOfInterrupted = async () => {
    const { rowCount } = await target.query(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ficus%'
        AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '300 ms'`,
    );
    interruptions += rowCount ?? 0;
    return interruptions > 3 ? replication.status().lagMs : 0;
  };
  await expect.poll(lagOfInterrupted).toBeGreaterThan(5_000);
  expect([...states]).toEqual(expect.arrayContaining(['reconnecting', 'streaming']));
  await blocker.query('COMMIT');
  await blocker.end();
  await expect.poll(() => replication.status().lagMs).toBeLessThan(900);
});

test('a standby process does not count as a stalled stream', async () => {
  pair = await startStreamedPair(inject('holdingPort'), {
    sourcePort: inject('postgresPort'),
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: TABLES,
    options: { settings: { ...settings, reconnectMinMs: 1_500, reconnectMaxMs: 1_500 } },
  });
  await pair.settle();
  const { sourceUrl, targetUrl, target, replication } = pair;
  const tables = parseConfigTables(TABLES);
  relayed = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables,
    sourceUrl,
    targetUrl,
    settings: { ...settings, retryMs: 20 },
  });
  await relayed.start();
  expect(relayed.status().state).toBe('standby');
  const other = relayed;
  const takesOver = async () => {
    // It may come back before the other one has noticed its absence.
    if (replication.status().state === 'streaming')
      await target.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ficus%'`,
      );
    return other.status().state;
  };
  await expect.poll(takesOver).toBe('streaming');
  await expect.poll(() => replication.status().state).toBe('standby');
  expect(replication.status().lagMs).toBe(0);
});
