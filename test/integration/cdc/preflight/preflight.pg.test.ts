/** What `ficus check --live` reports beforehand, each finding against a real database with that problem. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Finding } from '../../../../cdc/preflight/finding.ts';
import { preflightDatabase } from '../../../../cdc/preflight/preflight-database.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { refusingPort } from '../../../parts/refusing-port.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { startOwnCluster } from '../rig/own-cluster.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`
    CREATE TABLE good (id bigint PRIMARY KEY, v text, email text, parent bigint, n numeric);
    CREATE TABLE keyless (a int, b int);
    CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
    CREATE TABLE whole (id int, v text); ALTER TABLE whole REPLICA IDENTITY FULL;
    CREATE TABLE by_index (id int NOT NULL, v text); CREATE UNIQUE INDEX by_index_id ON by_index (id);
    ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_id;
    CREATE TABLE unchosen (id int NOT NULL); CREATE UNIQUE INDEX unchosen_id ON unchosen (id);`);
  await pair.target.query(`
    CREATE TABLE good (id bigint PRIMARY KEY, v text, email text UNIQUE, parent bigint REFERENCES good, n numeric);
    CREATE TABLE keyless (a int PRIMARY KEY, b int);
    CREATE TABLE nothing (id int PRIMARY KEY);
    CREATE TABLE whole (id int PRIMARY KEY, v text);
    CREATE TABLE by_index (id int PRIMARY KEY, v text);
    CREATE TABLE unchosen (id int PRIMARY KEY);`);
});
afterAll(() => pair.drop());

function look(tables: unknown[], urls: { sourceUrl?: string; targetUrl?: string } = {}): Promise<Finding[]> {
  const { sourceUrl, targetUrl } = { ...pair, ...urls };
  return preflightSlice({ slice: 'shop', tables: parseConfigTables(tables), sourceUrl, targetUrl });
}

function errors(findings: Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'error');
}

describe('a database that cannot be used', () => {
  test('each reason has its own sentence, and none shows the password', async () => {
    const port = inject('postgresPort');
    const dead = await refusingPort();
    const reasons = {
      [`postgres://me:secret@127.0.0.1:${dead}/shop`]: /nothing listens on 127\.0\.0\.1/,
      'postgres://me:secret@no-such-host.invalid/shop': /there is no host “no-such-host\.invalid”/,
      [`postgres://postgres:secret@127.0.0.1:${port}/no_such_database`]:
        /There is no database “no_such_database”/,
      [`postgres://nobody:secret@127.0.0.1:${port}/postgres`]: /“nobody”/,
    };
    for (const [url, sentence] of Object.entries(reasons)) {
      const findings = await preflightDatabase('control.database', url);
      expect(findings).toEqual([
        {
          severity: 'error',
          path: 'control.database',
          code: 'FICUS_DATABASE_UNREACHABLE',
          message: expect.stringMatching(sentence),
        },
      ]);
      expect(findings[0]?.message).not.toContain('secret');
    }
  });

  test('the other side is checked all the same', async () => {
    const dead = await refusingPort();
    const findings = await look([{ from: 'good', to: 'good' }], {
      targetUrl: `postgres://postgres@127.0.0.1:${dead}/x`,
    });
    expect(errors(findings).map((finding) => finding.path)).toEqual(['slices.shop.candidate.database']);
  });

  test('a source that writes no logical WAL gets the SQL for it', async () => {
    const cluster = await startOwnCluster('wal-level', { wal_level: 'replica' });
    try {
      await cluster.createDatabase('shop');
      const findings = await look([{ from: 'good', to: 'good' }], { sourceUrl: cluster.url('shop') });
      expect(errors(findings)).toContainEqual(
        expect.objectContaining({
          path: 'legacy.database',
          code: 'FICUS_CDC_WAL_LEVEL',
          remedySql: expect.stringContaining("wal_level = 'logical'"),
        }),
      );
    } finally {
      await cluster.remove();
    }
  });
});

describe('pitfall 6: replica identity', () => {
  test('a primary key, a chosen unique index or FULL is sufficient', async () => {
    const findings = await look([
      { from: 'good', to: 'good' },
      { from: 'by_index', to: 'by_index' },
      { from: 'whole', to: 'whole' },
    ]);
    expect(errors(findings)).toEqual([]);
  });

  test('none, NOTHING and an index that was not chosen are refused, with the SQL that fixes it', async () => {
    const findings = await look([
      { from: 'keyless', to: 'keyless' },
      { from: 'nothing', to: 'nothing' },
      { from: 'unchosen', to: 'unchosen' },
    ]);
    expect(errors(findings).map(({ path, code, remedySql }) => [path, code, remedySql])).toEqual([
      [
        'slices.shop.tables[0].from',
        'FICUS_CDC_REPLICA_IDENTITY',
        expect.stringContaining('REPLICA IDENTITY FULL'),
      ],
      [
        'slices.shop.tables[1].from',
        'FICUS_CDC_REPLICA_IDENTITY',
        expect.stringContaining('REPLICA IDENTITY DEFAULT'),
      ],
      [
        'slices.shop.tables[2].from',
        'FICUS_CDC_REPLICA_IDENTITY',
        expect.stringContaining('USING INDEX "unchosen_id"'),
      ],
    ]);
    for (const finding of errors(findings).slice(1)) {
      await pair.source.query('BEGIN');
      await pair.source.query(finding.remedySql ?? '');
      await pair.source.query('ROLLBACK');
    }
  });
});

describe('tables and expressions', () => {
  test('a missing table, a missing column and a type that does not fit each have their path', async () => {
    const findings = await look([
      { from: 'absent', to: 'good' },
      { from: 'good', to: 'whole', columns: { id: 'id', v: 'absent' } },
      {
        from: 'good',
        to: 'by_index',
        columns: { id: { sql: 'ARRAY[id]', from: ['id'] }, v: { sql: 'id + v', from: ['id'] } },
      },
    ]);
    expect(errors(findings).map(({ path, code }) => [path, code])).toEqual([
      ['slices.shop.tables[0].from', 'FICUS_CDC_TABLE_MISSING'],
      ['slices.shop.tables[1].columns.v', 'FICUS_CDC_TABLE_MISSING'],
      ['slices.shop.tables[2].columns.id', 'FICUS_CDC_MAPPING_INVALID'],
      ['slices.shop.tables[2].columns.v', 'FICUS_CDC_MAPPING_INVALID'],
    ]);
  });

  test('a warning says that operations on a whole partition are not in the stream', async () => {
    const table = 'CREATE TABLE parted (id int PRIMARY KEY)';
    await pair.source.query(`${table} PARTITION BY RANGE (id); ALTER TABLE parted REPLICA IDENTITY FULL`);
    await pair.target.query(table);
    const findings = await look([{ from: 'parted', to: 'parted' }]);
    expect(errors(findings)).toEqual([]);
    const said = findings.find(({ code }) => code === 'FICUS_CDC_PARTITIONED')?.message;
    expect(said).toContain('DETACH and DROP of a single partition are not in the stream');
    expect(said).toContain('A new partition has to be given REPLICA IDENTITY FULL itself');
  });

  test('a warning names what must be applied in order', async () => {
    const findings = await look([{ from: 'good', to: 'good' }]);
    expect(findings.find((finding) => finding.code === 'FICUS_CDC_APPLY_IN_ORDER')).toMatchObject({
      severity: 'warning',
      path: 'slices.shop.tables[0]',
      message: expect.stringMatching(
        /applied one by one.*unique index “good_email_key”.*foreign key “good_parent_fkey” points to the table itself/,
      ),
    });
  });

  test('an exclusion constraint, a trigger for replicated rows, and no key at all have their own reasons', async () => {
    await pair.source.query(`CREATE TABLE booking (id int PRIMARY KEY, during int4range);
      CREATE TABLE log (line text); ALTER TABLE log REPLICA IDENTITY FULL`);
    await pair.target.query(`CREATE TABLE booking (id int PRIMARY KEY, during int4range, EXCLUDE USING gist (during WITH &&));
      CREATE TABLE log (line text);
      CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER audit AFTER INSERT ON booking FOR EACH ROW EXECUTE FUNCTION audit();
      ALTER TABLE booking ENABLE ALWAYS TRIGGER audit`);
    const findings = await look([
      { from: 'booking', to: 'booking' },
      { from: 'log', to: 'log' },
    ]);
    expect(errors(findings)).toEqual([]);
    const reasons = findings.filter((finding) => finding.code === 'FICUS_CDC_APPLY_IN_ORDER');
    expect(reasons.map(({ path, message }) => [path, message])).toEqual([
      [
        'slices.shop.tables[0]',
        expect.stringMatching(
          /exclusion constraint “booking_during_excl”; trigger “audit” fires for replicated rows/,
        ),
      ],
      ['slices.shop.tables[1]', expect.stringContaining('rows have no key of their own')],
    ]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        code: 'FICUS_CDC_REPLICA_IDENTITY',
        message: expect.stringMatching(/“public.log” has no key: the table is copied in one piece/),
      }),
    );
  });
});
