/** The control plane with the real change stream: first copy, progress to proxies, confirmation of lag, verify. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type ControlClient, createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { encodeObservation, LINK_PATHS, parseLsn } from '@ficus/core';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { parse } from 'yaml';
import { anObservation, jsonAnswer } from '../../../control/parity/observation.fixture.ts';
import { createTestDatabase, silent, type TestDatabase, testConfig } from './rig.ts';

let source: TestDatabase;
let target: TestDatabase;
let state: TestDatabase;
let control: Control;
let client: ControlClient;
let sides: Server[] = [];
/** The log, as it is written. */
const lines: string[] = [];

/** An upstream that answers with its database's data about a note. */
async function startSide(database: string): Promise<{ server: Server; url: string }> {
  const pool = new pg.Pool({ connectionString: database, max: 4 });
  const server = createServer(async (request, response) => {
    const id = Number(new URL(request.url ?? '', 'http://x').searchParams.get('id'));
    const { rows } = await pool.query('SELECT id, body FROM notes WHERE id = $1', [id]);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(rows[0] ?? null));
  }).listen(0, '127.0.0.1');
  server.on('close', () => void pool.end());
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

beforeAll(async () => {
  const port = inject('postgresPort');
  [source, target, state] = await Promise.all([
    createTestDatabase(port, 'source'),
    createTestDatabase(port, 'target'),
    createTestDatabase(port, 'state'),
  ]);
  const table = 'CREATE TABLE notes (id bigint PRIMARY KEY, body text NOT NULL)';
  await source.query(table);
  await target.query(table);
  await source.query(`INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 5000) n`);
  const [legacy, candidate] = await Promise.all([startSide(source.url), startSide(target.url)]);
  sides = [legacy.server, candidate.server];
  control = await startControl({
    config: testConfig(state.url, {
      legacy: { url: legacy.url, database: source.url },
      slices: {
        notes: {
          candidate: { url: candidate.url, database: target.url },
          routes: [{ id: 'one', path: '/api/note' }],
          tables: [{ from: 'notes', to: 'notes' }],
        },
      },
    }),
    logger: pino({}, { write: (line: string) => void lines.push(line) }),
  });
  client = createControlClient(control.address);
  await vi.waitUntil(async () => (await client.replication('notes')).healthy, { timeout: 30_000 });
});
afterAll(async () => {
  await control?.stop();
  for (const server of sides) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  await Promise.all([source.drop(), target.drop(), state.drop()]);
});

const observe = (left: string, right: string) =>
  fetch(control.address + LINK_PATHS.observations, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      observations: [
        encodeObservation(
          anObservation({
            route: 'one',
            target: '/api/note?id=1',
            requestHeaders: [['accept', 'application/json']],
            legacy: jsonAnswer(left),
            candidate: jsonAnswer(right),
          }),
        ),
      ],
    }),
  });

it('copies, streams, and is ready', async () => {
  const replication = await client.replication('notes');
  expect(replication).toMatchObject({ copied: true, state: 'streaming', problem: null });
  expect(await target.query('SELECT count(*)::int AS rows FROM notes')).toEqual([{ rows: 5000 }]);
  expect((await fetch(`${control.address}/readyz`)).status).toBe(200);
});

/** Waits until the stream has applied everything written so far. */
async function caughtUp(): Promise<void> {
  const asked = await fetch(control.address + LINK_PATHS.positions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"slices":["notes"]}',
  });
  const { positions } = (await asked.json()) as { positions: { notes: string } };
  await expect
    .poll(async () => parseLsn((await client.replication('notes')).appliedLsn) >= parseLsn(positions.notes), {
      interval: 5,
    })
    .toBe(true);
}

it('a position taken after a write is passed once the row is on the other side', async () => {
  await source.query(`UPDATE notes SET body = 'changed' WHERE id = 7`);
  await caughtUp();
  expect(await target.query('SELECT body FROM notes WHERE id = 7')).toEqual([{ body: 'changed' }]);
});

it('a difference that was lag is stale, one that stays is a mismatch', async () => {
  await source.query(`UPDATE notes SET body = 'new' WHERE id = 1`);
  await observe('{"id":"1","body":"new"}', '{"id":"1","body":"note 1"}');
  const counts = async () => (await client.slice('notes')).parity.counts;
  await expect.poll(async () => (await counts()).stale).toBe(1);
  await target.query(`UPDATE notes SET body = 'broken' WHERE id = 1`);
  await observe('{"id":"1","body":"new"}', '{"id":"1","body":"broken"}');
  await expect.poll(async () => (await counts()).mismatch).toBe(1);
  expect((await client.slice('notes')).parity.samples[0]?.differences).toEqual([
    {
      path: '$.body',
      legacy: expect.stringMatching(/^"‹[a-z]{3}›"$/),
      candidate: expect.stringMatching(/^"‹[a-z]{6}›"$/),
    },
  ]);
});

it('verify finds the corrupted row, and is equal once it is fixed', async () => {
  await target.query(`UPDATE notes SET body = 'broken' WHERE id = 1`);
  const found = await client.verify('notes', { pollMs: 20 });
  expect(found).toMatchObject({ state: 'done', verdict: 'mismatch', equal: false });
  expect(found.differences).toEqual([
    {
      from: 'public.notes',
      to: 'public.notes',
      kind: 'different',
      key: { id: '1' },
      rows: 1,
      columns: [
        {
          name: 'body',
          expected: expect.stringMatching(/^‹[a-z]{3}›$/),
          found: expect.stringMatching(/^‹[a-z]{6}›$/),
        },
      ],
    },
  ]);
  expect(found.tables[0]?.examples).toEqual([{ kind: 'different', key: '1', rows: 1, columns: ['body'] }]);
  await target.query(`UPDATE notes SET body = 'new' WHERE id = 1`);
  expect(await client.verify('notes', { pollMs: 20 })).toMatchObject({
    verdict: 'match',
    rowsCompared: 5000,
    sample: null,
  });
  // Rows changed since: as recorded by the stream, without a list of keys.
  await source.query(`UPDATE notes SET body = 'newer' WHERE id <= 3`);
  await target.query(`UPDATE notes SET body = 'spoilt' WHERE id = 4`);
  await caughtUp();
  const changed = await client.verify('notes', { mode: 'changed', pollMs: 20 });
  expect(changed).toMatchObject({ verdict: 'match', mode: 'changed', rowsCompared: 3 });
  await target.query(`UPDATE notes SET body = 'note 4' WHERE id = 4`);
  const sampled = await client.verify('notes', { sample: 300, pollMs: 20 });
  expect(sampled).toMatchObject({ verdict: 'match', sample: 300 });
  expect(sampled.rowsCompared).toBeGreaterThan(0);
  expect(sampled.rowsCompared).toBeLessThan(2000);
});

it('copies no faster than the config allows, and says how long it will take', async () => {
  const [slow, slowState] = await Promise.all([
    createTestDatabase(inject('postgresPort'), 'slow'),
    createTestDatabase(inject('postgresPort'), 'slow_state'),
  ]);
  await slow.query('CREATE TABLE notes (id bigint PRIMARY KEY, body text NOT NULL)');
  await source.query('ANALYZE notes');
  const startedAt = performance.now();
  const throttled = await startControl({
    config: testConfig(slowState.url, {
      legacy: { url: 'http://127.0.0.1:1', database: source.url },
      slices: {
        slow: {
          candidate: { url: 'http://127.0.0.1:2', database: slow.url },
          routes: [{ id: 'one', path: '/api/note' }],
          tables: [{ from: 'notes', to: 'notes' }],
          copy: { rowsPerSecond: 2000 },
        },
      },
    }),
    logger: silent,
  });
  try {
    const admin = createControlClient(throttled.address);
    const underWay = await vi.waitUntil(
      async () => {
        const { copy } = await admin.replication('slow');
        return copy !== null && copy.rowsCopied > 0 && copy;
      },
      { timeout: 30_000, interval: 20 },
    );
    expect(underWay).toMatchObject({ done: false });
    expect(underWay.percent).toBeGreaterThan(0);
    expect(underWay.percent).toBeLessThan(100);
    expect(underWay.timeLeftMs).toBeGreaterThan(0);
    expect(await (await fetch(`${throttled.address}/metrics`)).text()).toMatch(
      /^ficus_copy_seconds_left\{slice="slow"\} [\d.]+$/m,
    );
    await vi.waitUntil(async () => (await admin.replication('slow')).copied, { timeout: 30_000 });
    const seconds = (performance.now() - startedAt) / 1000;
    // A chunk is a quarter of a second's rows; one or two of them run ahead of the rate.
    expect(seconds).toBeGreaterThan((5000 - 2 * 500) / 2000);
    expect(await slow.query('SELECT count(*)::int AS rows FROM notes')).toEqual([{ rows: 5000 }]);
    await vi.waitUntil(async () => (await admin.replication('slow')).slot !== null, { timeout: 30_000 });
    expect((await admin.replication('slow')).slot).toMatchObject({ walStatus: 'reserved' });
  } finally {
    await throttled.stop();
    await Promise.all([slow.drop(), slowState.drop()]);
  }
});

it('keeps the copied rows when a new copy cannot start', async () => {
  await target.query('CREATE TABLE readers (note int REFERENCES notes)');
  await client.setServe('notes', { percent: 0 });
  await expect(client.copy('notes', { restart: true, reason: 'cannot be' })).rejects.toThrow();
  await target.query('DROP TABLE readers');
  await expect.poll(async () => (await client.replication('notes')).healthy).toBe(true);
});

it('copies again on request, and says so in the audit', async () => {
  await target.query('DELETE FROM notes WHERE id > 100');
  await target.query(`INSERT INTO notes VALUES (9999, 'only here')`);
  await client.setServe('notes', { percent: 5 });
  await expect(client.copy('notes', { restart: true })).rejects.toMatchObject({
    code: 'FICUS_CONTROL_STILL_SERVING',
  });
  await client.setServe('notes', { percent: 0 });
  await client.copy('notes', { restart: true, reason: 'rows were deleted by hand' });
  await expect.poll(async () => (await client.replication('notes')).healthy).toBe(true);
  expect(await target.query('SELECT count(*)::int AS rows FROM notes')).toEqual([{ rows: 5000 }]);
  expect((await client.audit({ limit: 1 }))[0]).toMatchObject({ action: 'copy-restart', slice: 'notes' });
});

it('has no key twice in a log line', () => {
  expect(lines.filter((line) => line.includes('"slice":"notes"'))).not.toEqual([]);
  // Unlike JSON.parse, which keeps the last, YAML's parser refuses a key that is there twice.
  for (const line of lines) expect(() => parse(line) as unknown, line).not.toThrow();
});
