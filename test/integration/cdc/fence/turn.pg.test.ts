/** What a turn of the fence does, what it waits for, and whom it never keeps waiting. */
import { afterEach, expect, inject, test } from 'vitest';
import { createFencedDatabase, type FencedDatabase, type FencedOptions } from './fenced-database.ts';

const DDL = 'CREATE TABLE orders (id serial PRIMARY KEY, note text)';
const INSERT = `INSERT INTO orders (note) VALUES ('n')`;
const REFUSED = { code: 'FI001', schema: 'public', table: 'orders' };
let shop: FencedDatabase;

async function make(options: FencedOptions = {}): Promise<void> {
  shop = await createFencedDatabase(inject('postgresPort'), DDL, options);
}
afterEach(() => shop.drop());

const count = async () => (await shop.admin.query('SELECT FROM orders')).rowCount;
/** Resolves once that many sessions wait for a lock of the fence. */
const waiting = (sessions: number) =>
  expect
    .poll(async () => {
      const { rows } = await shop.admin.query(
        `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return rows[0].n;
    })
    .toBe(sessions);

test('armed passes, hold and moved refuse with words, and lifted it passes again', async () => {
  await make();
  const writer = await shop.connect(shop.writerRole);
  await writer.query(INSERT);
  expect(await shop.fence.state()).toEqual({ epoch: 1, mode: 'armed' });
  expect(await shop.turn('1 armed', '2 hold')).toMatchObject({ turned: true });
  await expect(writer.query(INSERT)).rejects.toMatchObject({
    ...REFUSED,
    message:
      'writes to table public.orders are held for a moment: Ficus moves slice orders to another database, or back',
    hint: 'Try again in a few seconds. What holds it: ficus status orders',
  });
  expect((await writer.query('SELECT FROM orders')).rowCount).toBe(1);
  await shop.turn('2 hold', '2 moved');
  await expect(writer.query(INSERT)).rejects.toMatchObject({
    ...REFUSED,
    message:
      'table public.orders takes no writes here: slice orders is owned by the service that was extracted',
    // A retired slice has no way back, and its fence stays.
    hint: 'Write through the service that owns the slice now. Who owns it, and whether there is a way back: ficus status orders',
  });
  await shop.turn('2 moved', '3 armed');
  await writer.query(INSERT);
  expect(await shop.fence.state()).toEqual({ epoch: 3, mode: 'armed' });
  expect(await count()).toBe(2);
});

test('the candidate’s fence names the monolith, and where its rows are', async () => {
  await make({ first: null });
  const fence = shop.open({ side: 'candidate', elsewhere: 'database “100%” on db:5432' });
  await fence.install({ epoch: 1, mode: 'moved' });
  await expect(shop.admin.query(INSERT)).rejects.toMatchObject({
    ...REFUSED,
    message:
      'table public.orders takes no writes here: slice orders is owned by the monolith, in database “100%” on db:5432',
    hint: expect.stringContaining('ficus cutover orders'),
  });
});

test('the position lies behind every write that passed, is durable, and comes back in the stream', async () => {
  await make();
  const slot = `fence_${Date.now()}`;
  await shop.admin.query(`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
  const writer = await shop.connect(shop.writerRole);
  await writer.query(`BEGIN; ${INSERT}`);
  const turned = shop.turn('1 armed', '2 hold');
  await waiting(1);
  await writer.query('COMMIT');
  const result = await turned;
  const lsn = result.turned ? result.lsn : '0/0';
  const { rows } = await shop.admin.query<{ what: string; behind: boolean }>(
    `SELECT split_part(data, ' ', 1) AS what, lsn <= $1::pg_lsn AS behind FROM pg_logical_slot_peek_changes('${slot}', NULL, NULL)
      WHERE $1::pg_lsn <= pg_current_wal_flush_lsn()`,
    [lsn],
  );
  expect(rows.map(({ what, behind }) => `${what} ${behind}`)).toEqual([
    'BEGIN true',
    'table true',
    'COMMIT true',
    'BEGIN true',
    'message: true',
    'COMMIT false',
  ]);
});

test('an open writer is waited for and may write on; new ones are refused at once', async () => {
  await make();
  const [open, other] = [await shop.connect(shop.writerRole), await shop.connect(shop.writerRole)];
  await open.query(`BEGIN; ${INSERT}`);
  const turned = shop.turn('1 armed', '2 hold');
  await waiting(1);
  await expect(other.query(INSERT)).rejects.toMatchObject(REFUSED);
  await open.query(INSERT);
  await open.query('COMMIT');
  expect(await turned).toMatchObject({ turned: true });
  expect(await count()).toBe(2);
});

test('a writer that does not end is named, the fence stays open, and writers pass again', async () => {
  await make();
  const open = await shop.connect(shop.writerRole);
  await open.query(`SET application_name = 'nightly job'; BEGIN; ${INSERT}`);
  const error = await shop.turn('1 armed', '2 hold', 150).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'FICUS_FENCE_DRAIN',
    message: expect.stringMatching(
      /after 150 ms still open: process \d+ \(role “shop_\w+”, application “nightly job”, idle in transaction, for \d+ s\)/,
    ),
    details: {
      blockers: [
        expect.objectContaining({ user: shop.writerRole, application: 'nightly job', prepared: null }),
      ],
    },
  });
  expect(await shop.fence.blockers()).toHaveLength(1);
  expect(await shop.fence.state()).toEqual({ epoch: 1, mode: 'armed' });
  await shop.admin.query(INSERT);
  await open.query('COMMIT');
  expect(await shop.fence.blockers()).toEqual([]);
  expect(await shop.turn('1 armed', '2 hold')).toMatchObject({ turned: true });
});

test('compare and set: a late coordinator changes nothing, the same turn again is answered as before', async () => {
  await make();
  await shop.turn('1 armed', '2 hold');
  expect(await shop.turn('1 armed', '3 hold')).toEqual({ turned: false, found: { epoch: 2, mode: 'hold' } });
  expect(await shop.turn('1 armed', '2 hold')).toMatchObject({ turned: true });
  await shop.turn('2 hold', '2 armed');
  expect(await shop.turn('2 hold', '2 moved')).toEqual({ turned: false, found: { epoch: 2, mode: 'armed' } });
  expect(await shop.fence.state()).toEqual({ epoch: 2, mode: 'armed' });
});

test('two coordinators at the same moment: one turns', async () => {
  await make();
  const turn = (epoch: number) =>
    shop
      .open()
      .turn({ expected: { epoch: 1, mode: 'armed' }, wanted: { epoch, mode: 'hold' }, drainMs: 5_000 });
  const results = await Promise.all([2, 3, 4, 5].map(turn));
  expect(results.filter(({ turned }) => turned)).toHaveLength(1);
});

test('lifting waits for no writer: not for the stream’s long transaction either', async () => {
  await make({ first: '1 moved' });
  const applier = await shop.connect(shop.applierRole);
  await applier.query(`BEGIN; SET LOCAL ficus_fence.mark = '1'; ${INSERT}`);
  await expect(shop.turn('1 moved', '2 armed', 50)).resolves.toMatchObject({ turned: true });
  await applier.query('COMMIT');
});

test('a new epoch of a fence that holds already waits for the stream of the old one', async () => {
  await make({ first: '1 moved' });
  const applier = await shop.connect(shop.applierRole);
  await applier.query(`BEGIN; SET LOCAL ficus_fence.mark = '1'; ${INSERT}`);
  await expect(shop.turn('1 moved', '2 hold', 100)).rejects.toMatchObject({ code: 'FICUS_FENCE_DRAIN' });
  await applier.query('COMMIT');
  await shop.turn('1 moved', '2 hold');
  await expect(applier.query(`BEGIN; SET LOCAL ficus_fence.mark = '1'; ${INSERT}`)).rejects.toMatchObject(
    REFUSED,
  );
});

test('a coordinator that is gone while it waits leaves an open fence, and one in hold a closed one', async () => {
  await make();
  const open = await shop.connect(shop.writerRole);
  await open.query(`BEGIN; ${INSERT}`);
  const turned = shop.turn('1 armed', '2 hold');
  const gone = expect(turned).rejects.toMatchObject({ code: 'FICUS_DATABASE_UNREACHABLE' });
  await waiting(1);
  await shop.admin.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  await gone;
  await shop.admin.query(INSERT);
  await open.query('COMMIT');
  await shop.turn('1 armed', '2 hold');
  await shop.admin.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'ficus fence orders' AND datname = current_database()`,
  );
  await expect(shop.admin.query(INSERT)).rejects.toMatchObject(REFUSED);
  expect(await shop.turn('2 hold', '2 armed')).toMatchObject({ turned: true });
});

test('without a fence: no state, nothing turned, and every table is a gap', async () => {
  await make({ first: null });
  expect(await shop.fence.state()).toBe(undefined);
  expect(await shop.turn('1 armed', '2 hold')).toEqual({ turned: false, found: undefined });
  expect(await shop.fence.observe(true)).toBe(undefined);
  expect(await shop.fence.notes()).toEqual([]);
  expect(await shop.fence.blockers()).toEqual([]);
  expect(await shop.fence.gaps()).toEqual([{ table: 'public.orders', why: 'has no fence' }]);
});

test('a fence is not turned outside READ COMMITTED: an old snapshot would not see new gaps', async () => {
  await make();
  const { rows } = await shop.admin.query(
    `SELECT oid::regprocedure::text AS turn FROM pg_proc WHERE proname LIKE 'turn\\_%'`,
  );
  const turn = rows[0].turn.replace(/\(.*/, '');
  await shop.admin.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await expect(shop.admin.query(`SELECT ${turn}(8, 18)`)).rejects.toThrow('READ COMMITTED');
  await shop.admin.query('ROLLBACK');
  await shop.admin.query(
    `ALTER DATABASE ${new URL(shop.url).pathname.slice(1)} SET default_transaction_isolation = serializable`,
  );
  const fence = shop.open();
  expect(
    await fence.turn({
      expected: { epoch: 1, mode: 'armed' },
      wanted: { epoch: 2, mode: 'hold' },
      drainMs: 1_000,
    }),
  ).toMatchObject({ turned: true });
});
