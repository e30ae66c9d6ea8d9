/**
 * Pitfall 3. The source disconnects a receiver that does not reply in time, even one that is busy or has paused
 * reading; and a receiver that never gives up a silent socket waits forever behind a firewall that dropped the
 * connection. Replies come from a separate timer; silence of twice the timeout ends the connection, but never while we
 * ourselves do not read, and not at all where the source has no timeout.
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

const pairs: StreamedPair[] = [];
const relayed: Replication[] = [];
let relay: Relay | undefined;
afterEach(async () => {
  relay?.resume();
  for (const replication of relayed.splice(0)) await replication.stop();
  for (const pair of pairs.splice(0)) await pair.drop();
  await relay?.close();
  relay = undefined;
});

/** A stream whose source has this wal_sender_timeout. */
async function startWithTimeout(timeout: string, settings = {}): Promise<StreamedPair> {
  const pair = await startStreamedPair(inject('holdingPort'), {
    sourcePort: inject('postgresPort'),
    sourceSql: `${TABLE}; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET wal_sender_timeout = ''${timeout}''', current_database()); END $$`,
    targetSql: TABLE,
    tables: TABLES,
    options: { settings },
  });
  pairs.push(pair);
  await pair.settle();
  return pair;
}

async function walsender(pair: StreamedPair): Promise<{ readonly pid: number; readonly reply_time: Date }> {
  const { rows } = await pair.source.query(
    `SELECT r.pid, r.reply_time FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid
       WHERE s.database = current_database()`,
  );
  return rows[0] as { pid: number; reply_time: Date };
}

test('replies continue while the target is stalled and nothing more is read', async () => {
  const pair = await startWithTimeout('3s', { batchBytes: 64 * 1024, heartbeatMs: 100 });
  const first = await walsender(pair);
  const blocker = new pg.Client({ connectionString: pair.targetUrl });
  await blocker.connect();
  await blocker.query('BEGIN; LOCK TABLE event IN ACCESS EXCLUSIVE MODE');
  await pair.source.query(
    `INSERT INTO event (body) SELECT repeat(md5(i::text), 10) FROM generate_series(1, 20000) i`,
  );
  // Waits four times the source's timeout, measured by its replies: twice what we ourselves would wait.
  await expect
    .poll(async () => (await walsender(pair)).reply_time.getTime() - first.reply_time.getTime())
    .toBeGreaterThan(12_000);
  expect((await walsender(pair)).pid).toBe(first.pid);
  await blocker.query('COMMIT');
  await blocker.end();
  await pair.settle();
  expect((await walsender(pair)).pid).toBe(first.pid);
});

/** The stream of the pair again, with its source behind the relay. */
async function throughRelay(pair: StreamedPair, port: number): Promise<Replication> {
  await pair.replication.stop();
  const sourceUrl = new URL(pair.sourceUrl);
  sourceUrl.port = String(port);
  const replication = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables: parseConfigTables(TABLES),
    sourceUrl: sourceUrl.href,
    targetUrl: pair.targetUrl,
    settings: { heartbeatMs: 50, reconnectMinMs: 20, retryMs: 20 },
  });
  relayed.push(replication);
  await replication.start();
  await expect.poll(async () => replication.status().state === 'streaming' && walsender(pair)).toBeTruthy();
  return replication;
}

/** Standby status updates in what was sent, and whether each requests a reply ("Streaming Replication Protocol"). */
function readQuestions(data: Buffer): boolean[] {
  const questions: boolean[] = [];
  for (let at = 0; data[at] === 0x64 && data.readInt32BE(at + 1) === 38; at += 39)
    if (data[at + 5] === 0x72) questions.push(data[at + 38] === 1);
  return questions;
}

test('the source is asked for a reply', async () => {
  // Otherwise it need not send anything as long as we reply in time: during a large transaction of which it sends
  // nothing, it is silent for minutes, and would be disconnected each time.
  const asked: boolean[] = [];
  relay = await openRelay(inject('postgresPort'), (data) => asked.push(...readQuestions(data)));
  await throughRelay(await startWithTimeout('400ms'), relay.port);
  await expect.poll(() => asked).toContain(true);
});

test('a silent source is disconnected after twice its timeout; one without a timeout is not', async () => {
  relay = await openRelay(inject('postgresPort'));
  const strict = await startWithTimeout('1s');
  const patient = await startWithTimeout('0');
  const [givesUp, waits] = [await throughRelay(strict, relay.port), await throughRelay(patient, relay.port)];
  const before = await walsender(patient);
  const problems: (string | undefined)[] = [];
  givesUp.subscribe(({ problem }) => problems.push(problem?.message));
  const interruptions: unknown[] = [];
  waits.subscribe(({ state, problem }) => {
    if (state !== 'streaming') interruptions.push([state, problem?.message]);
  });
  // Nothing passes in either direction, and no socket is closed: like a firewall that has dropped a connection.
  relay.stall();
  await expect.poll(() => problems).toContainEqual(expect.stringContaining('silent'));
  expect(waits.status().state).toBe('streaming');
  for (const pair of [strict, patient])
    await pair.source.query(`INSERT INTO event (body) VALUES ('meanwhile')`);
  relay.resume();
  for (const [pair, replication] of [
    [strict, givesUp],
    [patient, waits],
  ] as const) {
    const { rows } = await pair.source.query('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    expect(await replication.waitForPosition(rows[0].lsn, 20_000)).toBe(true);
    expect((await pair.target.query('SELECT body FROM event')).rows).toEqual([{ body: 'meanwhile' }]);
  }
  expect(interruptions).toEqual([]);
  await expect.poll(async () => (await walsender(patient))?.pid).toBe(before.pid);
});
