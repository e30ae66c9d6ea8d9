/** A change that arrives late: its caller gave up, and perhaps has set something else meanwhile. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { CHANGE_EXPIRES_HEADER, createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { until } from '../proxy/rig.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control;
let replication: HandPlayedReplication;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url),
    logger: silent,
    replications: (options) => {
      replication = new HandPlayedReplication(options);
      return replication;
    },
  });
});
afterEach(async () => {
  await control.stop();
  await database.drop();
});

const client = () => createControlClient(control.address, undefined, 'ada');
const shares = async () => {
  const { serve, shadow } = (await client().slice('pages')).flags;
  return [serve.percent, shadow.percent];
};

async function change(method: string, path: string, body: object, expiresInMs: number) {
  const response = await fetch(`${control.address}/api/v1/slices/${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      [CHANGE_EXPIRES_HEADER]: new Date(Date.now() + expiresInMs).toISOString(),
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, code: ((await response.json()) as { code?: string }).code };
}
const EXPIRED = { status: 409, code: 'FICUS_CONTROL_CHANGE_EXPIRED' };

it('a raise that has expired is not made; one in time is; and lowering a share is made whenever it comes', async () => {
  for (const kind of ['serve', 'shadow'])
    expect(await change('PUT', `pages/${kind}`, { percent: 50 }, -1)).toEqual(EXPIRED);
  expect(await shares()).toEqual([0, 0]);
  for (const kind of ['serve', 'shadow'])
    expect(await change('PUT', `pages/${kind}`, { percent: 50 }, 60_000)).toMatchObject({ status: 200 });
  expect(await shares()).toEqual([50, 50]);
  expect(await change('PUT', 'pages/serve', { percent: 20 }, -1)).toMatchObject({ status: 200 });
  expect(await change('PUT', 'pages/serve', { percent: 21 }, -1)).toEqual(EXPIRED);
  expect(await shares()).toEqual([20, 50]);
});

it('tables are not emptied for a request that has expired, also while it waited; the audit says so', async () => {
  const restart = (expiresInMs: number) => change('POST', 'notes/copy', { restart: true }, expiresInMs);
  expect(await restart(-1)).toEqual(EXPIRED);
  expect(replication.dropped).toBe(false);
  // The first one waits for the stream's end, the second one for the first.
  const stopping = Promise.withResolvers<void>();
  const before = replication;
  before.stopping = stopping.promise;
  const first = restart(60_000);
  await until(() => before.dropped, 'the first has begun');
  before.dropped = false;
  // Not before it waits: it would be refused at once, and is not in the audit then.
  const second = restart(5_000);
  const over = Date.now() + 5_000;
  await until(async () => (await client().audit({ slice: 'notes' })).length === 2, 'the second waits');
  await until(() => Date.now() > over, 'its time is over');
  stopping.resolve();
  expect(await first).toMatchObject({ status: 202 });
  expect(await second).toEqual(EXPIRED);
  const outcomes = (await client().audit({ slice: 'notes' })).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(['refused', 'made']);
  expect(replication.dropped).toBe(false);
});

it('a raise whose caller has hung up while it waited is not made', async () => {
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  try {
    await holder.query('BEGIN; LOCK TABLE ficus_control.flag');
    const { hostname, port } = new URL(control.address);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify({ percent: 50 });
    socket.write(
      `PUT /api/v1/slices/pages/serve HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(async () => {
      const [row] = await database.query(
        `SELECT count(*)::int AS n FROM pg_locks JOIN pg_database ON pg_database.oid = database
          WHERE NOT granted AND datname = current_database()`,
      );
      return row?.n === 1;
    }, 'the change waits');
    socket.destroy();
    await once(socket, 'close');
    // What comes after the end of that connection has been read after it.
    await fetch(`${control.address}/healthz`);
    await holder.query('COMMIT');
    // Its turn at the database is over when the next change has had its own.
    await client().setShadow('pages', { percent: 1 });
    expect(await shares()).toEqual([0, 1]);
  } finally {
    await holder.end();
  }
});
