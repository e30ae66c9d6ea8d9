/** A source without a free slot or sender answers well: host, port and password are not what has to be looked at. */
import { afterEach, expect, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let cluster: OwnCluster | undefined;
let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  await cluster?.remove();
});

const TABLE = 'CREATE TABLE stay (id int PRIMARY KEY)';
const KEYLESS = 'CREATE TABLE stay (id int); ALTER TABLE stay REPLICA IDENTITY FULL';

test.each([
  ['slot', TABLE, { max_replication_slots: '1' }, 'replication slot'],
  [
    'slot for the snapshot of a table without a key',
    KEYLESS,
    { max_replication_slots: '2' },
    'replication slot',
  ],
  ['sender', TABLE, { max_wal_senders: '0' }, 'WAL sender'],
  ['sender for the snapshot of a table without a key', KEYLESS, { max_wal_senders: '1' }, 'WAL sender'],
])('no %s', async (_, table, settings, what) => {
  cluster = await startOwnCluster('no-room', settings);
  pair = await startStreamedPair(cluster.port, {
    sourceSql: `${table}; ${'max_replication_slots' in settings ? `SELECT pg_create_physical_replication_slot('taken')` : ''}`,
    targetSql: table,
    tables: [{ from: 'stay', to: 'stay' }],
  });
  expect(pair.replication.status()).toMatchObject({
    state: 'stopped',
    problem: { code: 'FICUS_CDC_SLOTS_EXHAUSTED', message: expect.stringContaining(`no ${what} left`) },
  });
  if (!('max_replication_slots' in settings)) return;
  await pair.source.query(`SELECT pg_drop_replication_slot('taken')`);
  await pair.settle();
});
