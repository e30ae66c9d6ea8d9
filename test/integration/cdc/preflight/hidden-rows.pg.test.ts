/**
 * Tables whose rows the copy and the stream would not see alike: children that are published under their own names,
 * partitions with another replica identity, rows behind policies. Refused before anything is published.
 */
import { expect, inject, test } from 'vitest';
import { startStreamedPair } from '../rig/streamed-pair.ts';

const PARTS = `CREATE TABLE part PARTITION OF t FOR VALUES FROM (0) TO (10); INSERT INTO t VALUES (1, 'one')`;
const KEYED = 'CREATE TABLE t (id int PRIMARY KEY, a text)';
const ROLE = 'ficus_policed';

const cases = [
  {
    name: 'children that inherit',
    sourceSql: `${KEYED}; CREATE TABLE child (PRIMARY KEY (id)) INHERITS (t)`,
    code: 'FICUS_CDC_MAPPING_INVALID',
    says: 'other tables inherit from',
  },
  {
    name: 'FULL on the whole, nothing on the partition: its updates would fail on the source',
    sourceSql: `CREATE TABLE t (id int, a text) PARTITION BY RANGE (id); ${PARTS}; ALTER TABLE t REPLICA IDENTITY FULL`,
    code: 'FICUS_CDC_REPLICA_IDENTITY',
    says: 'partition public.part',
    fixedBy: 'ALTER TABLE part REPLICA IDENTITY FULL',
  },
  {
    name: 'a key on the whole, NOTHING on the partition',
    sourceSql: `${KEYED} PARTITION BY RANGE (id); ${PARTS}; ALTER TABLE part REPLICA IDENTITY NOTHING`,
    code: 'FICUS_CDC_REPLICA_IDENTITY',
    says: 'partition public.part',
    fixedBy: 'ALTER TABLE part REPLICA IDENTITY DEFAULT',
  },
  {
    name: 'policies on the source',
    sourceSql: `${KEYED}; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
      DO $$ BEGIN CREATE ROLE ${ROLE} LOGIN REPLICATION; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      ALTER TABLE t OWNER TO ${ROLE};
      DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ${ROLE}', current_database()); END $$`,
    role: ROLE,
    code: 'FICUS_CDC_PRIVILEGE',
    says: 'row security decides',
    fixedBy: 'ALTER TABLE t DISABLE ROW LEVEL SECURITY',
  },
];

test.each(cases)('$name', async ({ sourceSql, role, code, says, fixedBy }) => {
  const pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql,
    targetSql: KEYED,
    tables: [{ from: 't', to: 't' }],
    options: { settings: { retryMs: 50 } },
    ...(role === undefined ? {} : { sourceRole: role }),
  });
  try {
    const { source, replication } = pair;
    expect(replication.status()).toMatchObject({
      state: 'stopped',
      problem: { code, message: expect.stringContaining(says) },
    });
    expect((await source.query('SELECT FROM pg_publication')).rowCount).toBe(0);
    if (fixedBy === undefined) return;
    await source.query(fixedBy);
    await pair.settle();
    await source.query("INSERT INTO t VALUES (2, 'two'); UPDATE t SET a = 'new'; DELETE FROM t WHERE id = 1");
    await pair.settle();
    expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 1, target: 1 } });
  } finally {
    await pair.drop();
  }
});
