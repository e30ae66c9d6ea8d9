/**
 * A database with another encoding: the same characters have other bytes there, but are neither missing nor different.
 */

import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { createDatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

test('LATIN1 and UTF8 compare by characters', async () => {
  const pair = await createDatabasePair(inject('postgresPort'));
  const name = `latin_${new URL(pair.sourceUrl).pathname.slice(1)}`;
  const sourceUrl = pair.sourceUrl.replace(/[^/]+$/, name);
  await pair.source.query(
    `CREATE DATABASE ${name} TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'`,
  );
  const source = new pg.Client({ connectionString: sourceUrl });
  try {
    await source.connect();
    for (const client of [source, pair.target])
      await client.query(
        `CREATE TABLE t (id text PRIMARY KEY, a text); INSERT INTO t VALUES ('é', 'größe'), ('b', 'x')`,
      );
    const tables = parseConfigTables([{ from: 't', to: 't' }]);
    const verify = () =>
      verifySlice({ slice: 'facts', tables, sourceUrl, targetUrl: pair.targetUrl, mode: 'full' });
    expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 2, target: 2 } });
    await pair.target.query(`UPDATE t SET a = 'grosse' WHERE id = 'é'`);
    expect(await verify()).toMatchObject({ verdict: 'mismatch' });
  } finally {
    await source.end();
    await pair.source.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await pair.drop();
  }
});
