/**
 * Pitfall 15. Everything read at once is held in memory: a piece of the copy must be limited by bytes as well, or a
 * table of documents cannot be copied at all.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair | undefined;
let replication: Replication | undefined;
afterEach(async () => {
  await replication?.drop();
  await pair?.drop();
  replication = undefined;
  pair = undefined;
});

const ROWS = 48;
const MEGABYTE = 1024 * 1024;

test.each([
  { what: 'with a key', key: 'PRIMARY KEY' },
  { what: 'without a key', key: '' },
])('large rows of a table $what are read a few at a time', async ({ key }) => {
  pair = await createDatabasePair(inject('postgresPort'));
  const { source, target, sourceUrl, targetUrl } = pair;
  const table = `CREATE TABLE document (id int ${key}, body text, filler char(200) DEFAULT '')`;
  await source.query(`${table}; ALTER TABLE document REPLICA IDENTITY FULL, ALTER body SET STORAGE EXTERNAL;
    INSERT INTO document SELECT i, repeat('x', ${MEGABYTE}) FROM generate_series(1, ${ROWS}) i`);
  await target.query(table);
  const tables = parseConfigTables([{ from: 'document', to: 'document' }]);
  replication = openReplication({ onFault: failTheRun, slice: 'large', tables, sourceUrl, targetUrl });
  const seen = new Set<number | undefined>();
  replication.subscribe(({ copy }) => seen.add(copy?.rowsCopied));
  await replication.start();
  await expect.poll(() => replication?.copied()).toBe(true);
  expect([...seen].filter(Boolean).length).toBeGreaterThan(1);
  const { rows } = await target.query('SELECT count(*)::int AS rows, min(length(body)) FROM document');
  expect(rows).toEqual([{ rows: ROWS, min: MEGABYTE }]);
});
