/** Who writes, with real sessions against real fences: what is recorded, what explains it, and who may ask for it. */
import { type ControlClient, createControlClient, type WritersView } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { configSchema, LINK_PATHS, type StateEvent } from '@ficus/core';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase } from './rig.ts';

let legacy: TestDatabase;
let candidate: TestDatabase;
let state: TestDatabase;
let control: Control;
let client: ControlClient;
let writers: object[];
const sessions: pg.Client[] = [];
let reports: number;

beforeEach(async () => {
  const port = inject('postgresPort');
  [legacy, candidate, state] = (await Promise.all(
    ['legacy', 'candidate', 'state'].map((name) => createTestDatabase(port, name)),
  )) as [TestDatabase, TestDatabase, TestDatabase];
  await legacy.query(`
    CREATE TABLE note (id int, year int, body text) PARTITION BY LIST (year);
    CREATE TABLE note_2026 PARTITION OF note FOR VALUES IN (2026);
    CREATE TABLE parcel (id int);
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO note VALUES (NEW.id, 2026, 'parcel'); RETURN NULL; END $$;
    CREATE TRIGGER tell AFTER INSERT ON parcel FOR EACH ROW EXECUTE FUNCTION tell();`);
  await candidate.query('CREATE TABLE item (id int, year int, body text)');
  writers = [];
  reports = 0;
  control = await start();
  client = createControlClient(control.address, 'the-token-of-root');
});
afterEach(async () => {
  await control.stop();
  await Promise.all(sessions.splice(0).map((session) => session.end()));
  await Promise.all([legacy, candidate, state].map((database) => database.drop()));
});

const configOf = (over: object = {}) =>
  configSchema.parse({
    version: 1,
    control: {
      listen: '127.0.0.1:0',
      database: state.url,
      tokens: [
        { name: 'root', roles: ['admin', 'report'], token: 'the-token-of-root' },
        { name: 'bot', roles: ['operate'], token: 'the-token-of-bot' },
      ],
    },
    legacy: { url: 'http://127.0.0.1:1', database: legacy.url },
    slices: {
      notes: {
        candidate: { url: 'http://127.0.0.1:2', database: candidate.url },
        routes: [{ id: 'list', path: '/notes' }],
        tables: [{ from: 'note', to: 'item' }],
        writers,
        writersObservedMs: 1,
        ...over,
      },
      pages: { candidate: { url: 'http://127.0.0.1:3' }, routes: [{ id: 'page', path: '/pages' }] },
    },
  });

const start = () =>
  startControl({
    config: configOf(),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });

/** A session of its own, as a pool, a person or a job has. */
async function connect(application: string, database = legacy): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: database.url, application_name: application });
  await session.connect();
  sessions.push(session);
  return session;
}

async function write(application: string, sql: string, database = legacy): Promise<void> {
  const session = await connect(application, database);
  await session.query(sql);
}

/** As a proxy does each second. */
async function report(busy: readonly (readonly [number, number])[] = [], over: object = {}): Promise<void> {
  reports += 1;
  const body = {
    ...{ proxyId: 'p', number: reports, workers: 1, epochs: {}, traffic: [], droppedCopies: [] },
    ...{ busy: { notes: busy }, busyUntilMs: Date.now(), clockMs: Date.now() },
    ...over,
  };
  const response = await fetch(`${control.address}${LINK_PATHS.report}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer the-token-of-root' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(204);
}

/** From its second report on, a proxy is known. */
async function begin(): Promise<void> {
  await client.observeWriters('notes', { on: true });
  await report();
  await quiet();
  await quiet();
}

/** While a proxied write is under way. */
async function duringRequest(work: () => Promise<void>): Promise<void> {
  const from = Date.now();
  await work();
  await report([[from, Date.now()]]);
}

/** So long that no error of a clock can make it one with what was before. */
async function quiet(): Promise<void> {
  const since = Date.now();
  await vi.waitUntil(() => Date.now() > since + 300, { timeout: 30_000 });
  await report();
}

const found = async (view: Promise<WritersView> = client.writers('notes')) =>
  (await view).writers.map(({ application, verdict }) => `${application}: ${verdict}`);

/** Proxies report on while the control plane reads. */
const becomes = (expected: readonly string[]) =>
  vi.waitFor(
    async () => {
      await report();
      expect(await found()).toEqual(expected);
    },
    { timeout: 50_000, interval: 200 },
  );

test('each kind of writer is found, and named by session, table and statement', async () => {
  writers = [
    { application: 'shop*', via: 'proxy', reason: 'the monolith' },
    { application: 'import', via: 'other', reason: 'nightly' },
  ];
  await control.reload(configOf());
  await begin();
  await duringRequest(() => write('shop web', `INSERT INTO note VALUES (1, 2026, 'mia@example.org')`));
  await quiet();
  await write('shop web, its timer', `DELETE FROM note WHERE id = 99`);
  await write('import', 'TRUNCATE note');
  await write('psql', `UPDATE note_2026 SET body = 'secret'`);
  await write('parcels', 'INSERT INTO parcel VALUES (7)');
  await quiet();
  await becomes([
    'parcels: undeclared',
    'psql: undeclared',
    'shop web, its timer: outside',
    'import: declared',
    'shop web: proxied',
  ]);
  const view = await client.writers('notes');
  expect(view).toMatchObject({ answer: 'fail', unexplained: 3, proxies: { listed: 1, reporting: 1 } });
  const named = Object.fromEntries(view.writers.map((writer) => [writer.application, writer]));
  expect(named.psql).toMatchObject({ tables: ['public.note_2026'], statements: ['UPDATE'], sessions: 1 });
  expect(named.parcels).toMatchObject({ tables: ['public.note'], sample: 'INSERT INTO parcel VALUES (?)' });
  expect(named.import).toMatchObject({ statements: ['TRUNCATE'] });
  expect(JSON.stringify(view)).not.toMatch(/secret|example\.org/);
  expect((await client.slice('notes')).writers).toMatchObject({ unexplained: 3, observing: true });
  const metrics = await fetch(`${control.address}/metrics`, {
    headers: { authorization: 'Bearer the-token-of-root' },
  });
  expect(await metrics.text()).toContain('ficus_writers_unexplained{slice="notes"} 3\n');
});

test('a slice whose only writer is the declared pool passes', async () => {
  writers = [{ application: 'shop*', via: 'proxy', reason: 'the monolith' }];
  await control.reload(configOf());
  await begin();
  await duringRequest(() => write('shop web', `INSERT INTO note VALUES (1, 2026, 'a')`));
  await becomes(['shop web: proxied']);
  expect(await client.writers('notes')).toMatchObject({ answer: 'pass', reasons: [] });
});

test('on the candidate only the stream may write', async () => {
  await begin();
  await write('ficus notes', `INSERT INTO item VALUES (1, 2026, 'a')`, candidate);
  await write('the service', `INSERT INTO item VALUES (2, 2026, 'a')`, candidate);
  await quiet();
  await becomes(['the service: unexpected']);
});

describe('the observation', () => {
  test('is begun and ended by an admin, with an entry in the audit', async () => {
    const bot = createControlClient(control.address, 'the-token-of-bot');
    await expect(bot.observeWriters('notes', { on: true })).rejects.toMatchObject({
      code: 'FICUS_CONTROL_ROLE_MISSING',
    });
    expect(await bot.writers('notes')).toMatchObject({ observing: false, answer: 'insufficient evidence' });
    await client.observeWriters('notes', { on: true, reason: 'before May' });
    await client.observeWriters('notes', { on: false });
    expect(await client.audit({ slice: 'notes' })).toMatchObject([
      { action: 'writers-observe', was: { observing: true }, became: { observing: false }, outcome: 'made' },
      { was: { observing: false }, became: { observing: true }, reason: 'before May', outcome: 'made' },
    ]);
  });

  test('of a slice without tables is refused', async () => {
    for (const ask of [client.writers('pages'), client.observeWriters('pages', { on: true })])
      await expect(ask).rejects.toMatchObject({ code: 'FICUS_CONTROL_NO_TABLES' });
    const again = client.observeWriters('notes', { on: false, again: true });
    await expect(again).rejects.toMatchObject({ code: 'FICUS_CONTROL_REQUEST_INVALID' });
  });

  test('asks proxies to report, and ends that', async () => {
    const isAsked = async () => {
      const abort = new AbortController();
      const stream = await fetch(`${control.address}${LINK_PATHS.stream}`, {
        headers: { authorization: 'Bearer the-token-of-root' },
        signal: abort.signal,
      });
      const { value } = await stream.body!.pipeThrough(new TextDecoderStream()).getReader().read();
      abort.abort();
      const event = JSON.parse(/data: (.*)/.exec(value ?? '')![1]!) as StateEvent;
      return event.slices.notes!.observed ?? false;
    };
    expect(await isAsked()).toBe(false);
    await client.observeWriters('notes', { on: true });
    expect(await isAsked()).toBe(true);
    await client.observeWriters('notes', { on: false });
    expect(await isAsked()).toBe(false);
  });

  test('refuses no writer, whatever is open meanwhile', async () => {
    await client.observeWriters('notes', { on: true });
    const open = await connect('idle in transaction');
    await open.query(`BEGIN; INSERT INTO note VALUES (3, 2026, 'a')`);
    await client.observeWriters('notes', { on: false });
    await client.observeWriters('notes', { on: true });
    await write('psql', `INSERT INTO note VALUES (4, 2026, 'a')`);
    await open.query('COMMIT');
    expect(await legacy.query('SELECT count(*)::int AS rows FROM note')).toMatchObject([{ rows: 2 }]);
  }, 120_000);

  test('goes over a restart; again forgets what was found', async () => {
    await begin();
    await write('psql', `INSERT INTO note VALUES (1, 2026, 'a')`);
    await quiet();
    await becomes(['psql: undeclared']);
    const { since } = await client.writers('notes');
    await control.stop();
    // Recorded while no control plane runs; no proxy can say whether it had a write then, which is waited for.
    await write('cron', 'DELETE FROM note');
    control = await start();
    client = createControlClient(control.address, 'the-token-of-root');
    reports = 0;
    await becomes(['cron: undeclared', 'psql: undeclared']);
    expect((await client.writers('notes')).since).toBe(since);
    expect((await client.observeWriters('notes', { on: true, again: true })).writers).toEqual([]);
  }, 120_000);

  test('leaves no note of a transaction that was rolled back', async () => {
    await begin();
    const session = await connect('undecided');
    await session.query(`BEGIN; INSERT INTO note VALUES (1, 2026, 'a'); ROLLBACK`);
    await write('psql', `INSERT INTO note VALUES (1, 2026, 'a')`);
    await quiet();
    await becomes(['psql: undeclared']);
  });

  test('says that a write could not be recorded; the writer has passed', async () => {
    await client.observeWriters('notes', { on: true });
    const holder = await connect('holder');
    await holder.query('BEGIN; LOCK TABLE ficus_fence.seen IN ACCESS EXCLUSIVE MODE');
    await write('unlucky', `INSERT INTO note VALUES (1, 2026, 'a')`);
    await holder.query('COMMIT');
    expect(await legacy.query('SELECT count(*)::int AS rows FROM note')).toMatchObject([{ rows: 1 }]);
    await expect
      .poll(async () => (await client.writers('notes')).reasons)
      .toContain(
        'The fence of the legacy could not record 1 write (the table of notes was locked or full, or the disk was slow or full): begin again.',
      );
  });

  test('says which tables it does not see', async () => {
    await client.observeWriters('notes', { on: true });
    await legacy.query(`ALTER TABLE note_2026 DISABLE TRIGGER USER`);
    const view = await client.observeWriters('notes', { on: true });
    // Begun again, it repairs what is missing.
    expect(view.reasons.join()).not.toContain('note_2026');
  });
});
