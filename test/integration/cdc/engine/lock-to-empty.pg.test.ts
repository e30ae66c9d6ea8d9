/**
 * Emptying a table needs it whole. A lock that waits in the server's queue makes all later statements of the service wait
 * behind it: ours must not stand there for as long as somebody else's reader takes.
 */
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair;
let reader: pg.Client;
let service: pg.Client;

beforeEach(async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY);';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table} INSERT INTO item VALUES (1), (2)`,
    targetSql: table,
    tables: [
      { from: 'item', to: 'item' },
      { from: 'other', to: 'other' },
    ],
    slice: 'emptied',
    options: { settings: { retryMs: 50 } },
  });
  await pair.settle();
  reader = await connect();
  service = await connect();
  await reader.query('BEGIN; SELECT FROM item');
});
afterEach(async () => {
  await reader.end();
  await service.end();
  await pair.drop();
});

/** Without a name for the application, as many drivers connect. */
async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: pair.targetUrl });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** As the service reads it: with patience for no more than a moment. */
const readBriefly = () => service.query("SET statement_timeout = '1s'; SELECT FROM item");

/** Asks of the service's own statements, one after another, until the condition holds. */
async function servedUntil(condition: () => boolean): Promise<void> {
  await expect
    .poll(
      async () => {
        await readBriefly();
        return condition();
      },
      { interval: 20 },
    )
    .toBe(true);
}

const idOfReader = async () => (await reader.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number;

test('a new copy that cannot empty a table says who uses it, and lets the service read meanwhile', async () => {
  const pid = await idOfReader();
  let refusal: unknown;
  void pair.replication.drop({ emptyTarget: true }).catch((error) => {
    refusal = error;
  });
  await servedUntil(() => refusal !== undefined);
  expect(refusal).toMatchObject({
    code: 'FICUS_CDC_TARGET_BUSY',
    message: expect.stringMatching(
      new RegExp(`“item”.*process ${pid} \\(.*SELECT pg_terminate_backend\\(${pid}\\)`),
    ),
  });
  expect((await pair.target.query('SELECT FROM item')).rowCount).toBe(2);
  await pair.replication.start();
  await pair.settle();
  await reader.query('COMMIT');
  await pair.replication.stop();
  expect(await pair.replication.drop({ emptyTarget: true })).toMatchObject([{ rows: 2 }, { rows: 0 }]);
});

test('a TRUNCATE of the source waits for a reader of the target without holding up the service', async () => {
  const pid = await idOfReader();
  await pair.source.query('TRUNCATE item; INSERT INTO item VALUES (3)');
  const problem = () => pair.replication.status().problem;
  await servedUntil(() => problem() !== undefined);
  expect(problem()).toMatchObject({
    code: 'FICUS_CDC_BLOCKED',
    message: expect.stringMatching(new RegExp(`lock on “item” of the target.*process ${pid} `)),
  });
  expect(pair.replication.status().state).toBe('streaming');
  await reader.query('COMMIT');
  await pair.settle();
  expect((await pair.target.query('SELECT id FROM item')).rows).toEqual([{ id: 3 }]);
  await expect.poll(problem).toBe(undefined);
});

test('a TRUNCATE in a transaction that has written before gives way to a statement that waits for its rows', async () => {
  const pid = await idOfReader();
  await pair.source.query('INSERT INTO other VALUES (1)');
  await pair.settle();
  await pair.source.query('BEGIN; UPDATE other SET id = 2 WHERE id = 1; TRUNCATE item; COMMIT');
  // The reader waits for the stream’s row, and the stream for the reader: from one attempt of the stream’s on, and for as long
  // that the server would look for a deadlock in the midst of the next one, and end the reader’s transaction.
  await reader.query(`SET deadlock_timeout = '1100ms'`);
  const queued = `SELECT FROM pg_locks WHERE relation = 'item'::regclass AND NOT granted`;
  await expect.poll(async () => (await pair.target.query(queued)).rowCount, { interval: 20 }).toBe(1);
  await reader.query('UPDATE other SET id = id WHERE id = 1');
  await expect
    .poll(() => pair.replication.status().problem?.message)
    .toMatch(new RegExp(`“item” of the target is in use by process ${pid} `));
  await reader.query('COMMIT');
  await pair.settle();
  expect((await pair.target.query('SELECT id FROM other')).rows).toEqual([{ id: 2 }]);
  expect((await pair.target.query('SELECT FROM item')).rowCount).toBe(0);
}, 120_000);

test('a stream that waits for a table to empty stops when it is asked to', async () => {
  await pair.source.query('TRUNCATE item');
  await expect.poll(() => pair.replication.status().problem?.code).toBe('FICUS_CDC_BLOCKED');
  await pair.replication.stop();
  expect((await pair.target.query('SELECT FROM item')).rowCount).toBe(2);
});
