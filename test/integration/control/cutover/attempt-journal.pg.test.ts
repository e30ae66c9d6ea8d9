/** The journal's compare and sets, on a real database: what was overtaken changes nothing. */
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import type { AttemptRow } from '../../../../control/cutover/attempt.ts';
import { AttemptJournal } from '../../../../control/cutover/attempt-journal.ts';
import type { AttemptWish } from '../../../../control/cutover/ports.ts';
import { openStore, type Store } from '../../../../control/store/open-store.ts';
import { SliceStates } from '../../../../control/store/slice-states.ts';
import { createTestDatabase, silent, type TestDatabase } from '../rig.ts';

let database: TestDatabase;
let store: Store;
let journal: AttemptJournal;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  store = await openStore(database.url, silent);
  await SliceStates.load(store, ['orders', 'users']);
  journal = new AttemptJournal(store);
});
afterEach(async () => {
  await store.close();
  await database.drop();
});

const wish: AttemptWish = {
  slice: 'orders',
  operation: 'cutover',
  rehearsal: false,
  noWayBack: false,
  actor: 'ann',
  reason: 'the service is ready',
};
const failure = { step: 'fence', code: 'FICUS_CUTOVER_TOO_SLOW', message: 'Too slow.' } as const;

const NOTHING = { timings: {}, notes: [], report: {} };

const begin = (over: Partial<AttemptWish> = {}, above = 0) => journal.begin({ ...wish, ...over }, above);
const commit = (row: AttemptRow) => journal.commit(row, '0/16B3748', { hold: 4 });

async function end(row: AttemptRow): Promise<AttemptRow> {
  await journal.abandon(row, failure, NOTHING);
  return journal.finish(row, NOTHING);
}

async function sliceState(): Promise<unknown> {
  const [row] = await store.query("SELECT owner, epoch::int FROM slice WHERE name = 'orders'");
  return row;
}

const audited = () =>
  store.query('SELECT actor, action, slice, was, became, reason, outcome FROM audit ORDER BY id');

test.each([
  ['off', 'on'],
  ['local', 'on'],
  ['remote_apply', 'remote_apply'],
])('a database that commits with %s answers the journal with %s', async (setting, used) => {
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`ALTER DATABASE "${name}" SET synchronous_commit = ${setting}`);
  await store.close();
  store = await openStore(database.url, silent);
  expect(await store.query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: used }]);
});

test('a message with characters that PostgreSQL does not store ends an attempt all the same', async () => {
  const row = await begin();
  const message = 'Proxy a\0b\ud800 does not hold yet.';
  await journal.abandon(row, { ...failure, message }, NOTHING);
  const ended = await journal.finish(row, NOTHING);
  expect(ended.failure?.message).toBe('Proxy a\\u0000b\\ud800 does not hold yet.');
});

test('dates, limits and isolation that a database sets for its sessions change nothing', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`ALTER DATABASE "${name}" SET DateStyle = 'SQL, DMY'; ALTER DATABASE "${name}" SET lock_timeout = '5ms';
    ALTER DATABASE "${name}" SET idle_session_timeout = '10s'; ALTER DATABASE "${name}" SET default_transaction_isolation = 'serializable'`);
  await store.close();
  store = await openStore(database.url, silent);
  journal = new AttemptJournal(store);
  const { startedAt } = await begin();
  expect(Math.abs(Date.parse(startedAt) - Date.now())).toBeLessThan(60_000);
  expect(
    await store.query(
      "SELECT name, setting FROM pg_settings WHERE name IN ('idle_session_timeout', 'lock_timeout')",
    ),
  ).toEqual([
    { name: 'idle_session_timeout', setting: '0' },
    { name: 'lock_timeout', setting: '0' },
  ]);
});

test('a database that takes no writes is read, and refuses an attempt as what it is', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`);
  await store.close();
  store = await openStore(database.url, silent);
  journal = new AttemptJournal(store);
  expect(await journal.last()).toEqual([]);
  await expect(begin()).rejects.toMatchObject({
    code: 'FICUS_CONTROL_NOT_STORED',
    message: expect.stringContaining('read-only transaction'),
  });
});

test('the journal changes owner, epoch and audit together, once', async () => {
  const row = await begin();
  expect(row).toMatchObject({ from: 'legacy', to: 'candidate', fromEpoch: 1, epoch: 2, step: 'arm' });
  expect(await commit(row)).toBe(true);
  expect(await sliceState()).toEqual({ owner: 'candidate', epoch: 2 });
  expect(await audited()).toEqual([
    {
      ...{
        actor: 'ann',
        action: 'cutover',
        slice: 'orders',
        reason: 'the service is ready',
        outcome: 'made',
      },
      ...{ was: { owner: 'legacy', epoch: 1 }, became: { owner: 'candidate', epoch: 2 } },
    },
  ]);
  expect(await commit(row)).toBe(false);
  const done = await journal.finish(row, { timings: { check: 9 }, notes: ['A note.'], report: {} });
  expect(done).toMatchObject({ outcome: 'done', step: 'check', barrier: '0/16B3748', notes: ['A note.'] });
  expect(done.timings).toEqual({ hold: 4, check: 9 });
  expect(await audited()).toHaveLength(1);
});

test('what was abandoned is never in the journal, and what is in the journal is never abandoned', async () => {
  const first = await begin();
  expect(await journal.abandon(first, failure, NOTHING)).toMatchObject({ outcome: 'abandoned', failure });
  await expect(commit(first)).resolves.toBe(false);
  expect(await journal.enter(first, 'hold')).toBe(false);
  expect(await sliceState()).toEqual({ owner: 'legacy', epoch: 1 });
  await journal.finish(first, NOTHING);
  const second = await begin();
  expect(await commit(second)).toBe(true);
  await expect(journal.abandon(second, failure, NOTHING)).resolves.toMatchObject({
    outcome: null,
    failure: null,
  });
  expect(await sliceState()).toEqual({ owner: 'candidate', epoch: 3 });
});

test('an attempt that is neither in the journal nor abandoned cannot be finished', async () => {
  const row = await begin();
  expect(await journal.finish(row, NOTHING)).toMatchObject({ outcome: null, finishedAt: null });
  expect(await journal.unfinished()).toHaveLength(1);
});

test('a slice whose owner or epoch is no longer the expected one is left as it is', async () => {
  const row = await begin();
  await store.query("UPDATE slice SET epoch = 7 WHERE name = 'orders'");
  expect(await commit(row)).toBe(false);
  await store.query("UPDATE slice SET epoch = 1, owner = 'candidate' WHERE name = 'orders'");
  expect(await commit(row)).toBe(false);
  await store.query("UPDATE slice SET owner = 'legacy', retired = true WHERE name = 'orders'");
  expect(await commit(row)).toBe(false);
  expect(await sliceState()).toEqual({ owner: 'legacy', epoch: 1 });
  expect(await audited()).toEqual([]);
  expect(await journal.unfinished()).toMatchObject([{ journaledAt: null, outcome: null }]);
});

test('of two sessions that commit and abandon at the same moment, one prevails', async () => {
  const other = await openUnlocked();
  for (let round = 0; round < 20; round += 1) {
    const owner = round === 0 ? 'legacy' : ((await sliceState()) as { owner: string }).owner;
    const row = await begin({ operation: owner === 'legacy' ? 'cutover' : 'rollback' });
    const [committed, abandoned] = await Promise.all([
      commit(row),
      new AttemptJournal(other.store).abandon(row, failure, NOTHING),
    ]);
    expect(abandoned.outcome === 'abandoned').toBe(!committed);
    await journal.finish(row, NOTHING);
  }
  await other.close();
});

test('one attempt for each slice: a second is refused until the first has ended, undoing included', async () => {
  const row = await begin();
  await expect(begin()).rejects.toMatchObject({ code: 'FICUS_CUTOVER_BUSY' });
  expect((await begin({ slice: 'users' })).epoch).toBe(2);
  await journal.abandon(row, failure, NOTHING);
  await expect(begin()).rejects.toMatchObject({ code: 'FICUS_CUTOVER_BUSY' });
  await journal.finish(row, NOTHING);
  expect((await begin()).epoch).toBe(3);
});

test('the database itself refuses a second attempt under way', async () => {
  await begin();
  const insert = `INSERT INTO attempt (slice, operation, new_owner, from_epoch, epoch, rehearsal, no_way_back, step, actor, reason)
    VALUES ('orders', 'cutover', 'candidate', 1, 9, false, false, 'arm', 'bob', '')`;
  await expect(store.query(insert)).rejects.toMatchObject({ code: 'FICUS_CONTROL_NOT_STORED' });
});

test('an epoch is higher than all before it: of attempts that failed, and of the fences', async () => {
  expect((await end(await begin())).epoch).toBe(2);
  expect((await end(await begin())).epoch).toBe(3);
  expect((await end(await begin({}, 11))).epoch).toBe(12);
  expect((await begin()).epoch).toBe(13);
});

test('an attempt towards the owner, of a retired slice, or of an unknown one is refused', async () => {
  await expect(begin({ operation: 'rollback' })).rejects.toMatchObject({ code: 'FICUS_CUTOVER_OWNER_THERE' });
  await expect(begin({ slice: 'none' })).rejects.toMatchObject({ code: 'FICUS_SLICE_UNKNOWN' });
  await store.query("UPDATE slice SET retired = true WHERE name = 'orders'");
  await expect(begin()).rejects.toMatchObject({ code: 'FICUS_CUTOVER_RETIRED' });
});

test('the last attempt of each slice is found, and those under way', async () => {
  await end(await begin());
  const last = await begin();
  await end(await begin({ slice: 'users', rehearsal: true }));
  expect((await journal.last()).map(({ slice, epoch }) => [slice, epoch])).toEqual([
    ['orders', 3],
    ['users', 2],
  ]);
  expect((await journal.unfinished()).map(({ id }) => id)).toEqual([last.id]);
});

/** A session without the control plane's lock, as a paused process might have it. */
async function openUnlocked(): Promise<{ store: Store; close(): Promise<void> }> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('SET search_path TO ficus_control');
  const query: Store['query'] = async (text, values = []) =>
    (await client.query(text, [...values])).rows as never[];
  const transaction: Store['transaction'] = async (work) => work(query);
  return {
    store: {
      ...{ connected: true, replaced: false, onReplaced: () => undefined, onReconnect: () => undefined },
      ...{ query, transaction, close: () => client.end() },
    },
    close: () => client.end(),
  };
}
