/** Who passes a fence that holds: the role that the stream writes with, in transactions with the fence's own epoch. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { beginApply, sendBegin } from '../../../../cdc/apply/begin-apply.ts';
import { TargetSession } from '../../../../cdc/apply/target-session.ts';
import { createFencedDatabase, type FencedDatabase } from './fenced-database.ts';

const INSERT = `INSERT INTO orders (note) VALUES ('n')`;
const REFUSED = { code: 'FI001' };
/** Sessions that wait for a lock of the fence. */
const WAITING = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
let shop: FencedDatabase;

beforeAll(async () => {
  shop = await createFencedDatabase(
    inject('postgresPort'),
    'CREATE TABLE orders (id serial PRIMARY KEY, note text)',
    {
      first: '7 moved',
    },
  );
});
afterAll(() => shop.drop());

async function write(role: string, before: string): Promise<void> {
  const client = await shop.connect(role);
  await client.query(`BEGIN; ${before}`);
  await client.query(INSERT);
  await client.query('COMMIT');
}

const mark = (epoch: string) => `SET LOCAL ficus_fence.mark = '${epoch}'`;

test.each([['origin'], ['replica']])('the applier passes with its mark in role %s', async (replication) => {
  await shop.admin.query(`GRANT SET ON PARAMETER session_replication_role TO ${shop.applierRole}`);
  await write(shop.applierRole, `SET LOCAL session_replication_role = ${replication}; ${mark('7')}`);
});

test('what the stream and its copy begin passes a fence of its epoch, and no other', async () => {
  const url = shop.url.replace('//postgres@', `//${shop.applierRole}@`);
  const session = await TargetSession.open({ url, applicationName: 'applier' });
  const plain = await shop.connect(shop.applierRole);
  const writeAs = async (epoch: number) => {
    sendBegin(session, 'orders', epoch);
    for (const sql of [INSERT, 'COMMIT']) session.send(sql);
    await session.settle();
  };
  const copyAs = async (epoch: number) => {
    await beginApply(plain, 'orders', epoch);
    await plain.query(INSERT).finally(() => plain.query('COMMIT'));
  };
  try {
    for (const write of [writeAs, copyAs]) {
      await expect(write(6)).rejects.toMatchObject(REFUSED);
      await expect(write(7)).resolves.toBeUndefined();
    }
  } finally {
    await session.close();
  }
});

test.each([
  ['an older epoch', mark('6')],
  ['a newer one', mark('8')],
  ['no mark', 'SELECT'],
  ['an empty one', mark('')],
  ['a mark of another form', mark('7 OR true')],
])('refused: the applier’s role with %s', async (_, before) => {
  await expect(write(shop.applierRole, before)).rejects.toMatchObject(REFUSED);
});

test('refused: another role with the mark, a superuser too', async () => {
  await expect(write(shop.writerRole, mark('7'))).rejects.toMatchObject(REFUSED);
  await expect(write('postgres', mark('7'))).rejects.toMatchObject(REFUSED);
});

test('refused: another session that takes the applier’s role with SET ROLE', async () => {
  await expect(write('postgres', `SET LOCAL ROLE ${shop.applierRole}; ${mark('7')}`)).rejects.toMatchObject(
    REFUSED,
  );
});

test('the mark ends with its transaction', async () => {
  const client = await shop.connect(shop.applierRole);
  await client.query(`BEGIN; ${mark('7')}; ${INSERT}; COMMIT`);
  await expect(client.query(INSERT)).rejects.toMatchObject(REFUSED);
});

test('while writers are drained, the stream passes', async () => {
  await shop.turn('7 moved', '8 armed');
  const open = await shop.connect(shop.writerRole);
  await open.query(`BEGIN; ${INSERT}`);
  const turned = shop.turn('8 armed', '9 hold');
  await expect.poll(async () => (await shop.admin.query(WAITING)).rowCount).toBe(1);
  await write(shop.applierRole, mark('8'));
  await open.query('COMMIT');
  expect(await turned).toMatchObject({ turned: true });
  await expect(write(shop.applierRole, mark('8'))).rejects.toMatchObject(REFUSED);
  await write(shop.applierRole, mark('9'));
});
