/**
 * The way back of a column that is wider on the candidate: its values come from the legacy's type and go back into it. One
 * that the service has written since, and that the legacy's column would round or cut off, stops the stream.
 */
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { compileSlice } from '../../../../cdc/mapping/compile-slice.ts';
import { reverseMapping } from '../../../../cdc/mapping/reverse-mapping.ts';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;
let back: Replication | undefined;
beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
});
afterEach(async () => {
  await back?.drop();
  back = undefined;
  await pair.drop();
});

/** Both databases hold the legacy's value, in their own types. */
async function startBack(legacyType: string, candidateType: string, value: string): Promise<Replication> {
  const { source: legacy, target: candidate } = pair;
  await legacy.query(
    `CREATE TABLE t (id int PRIMARY KEY, v ${legacyType}); INSERT INTO t VALUES (1, ${value})`,
  );
  await candidate.query(
    `CREATE TABLE t (id bigint PRIMARY KEY, v ${candidateType}); INSERT INTO t VALUES (1, ${value})`,
  );
  const tables = parseConfigTables([{ from: 't', to: 't' }]);
  const forward = await compileSlice({ slice: 'back', tables }, legacy, candidate);
  expect(forward.problems).toEqual([]);
  const reversed = reverseMapping(tables, forward.plans, forward.catalogs);
  expect(reversed.irreversible).toEqual([]);
  back = openReplication({
    onFault: failTheRun,
    slice: 'back',
    direction: 'reverse',
    tables,
    sourceUrl: pair.targetUrl,
    targetUrl: pair.sourceUrl,
  });
  await back.start();
  return back;
}

const KINDS = `CREATE TYPE kind AS ENUM ('a', 'b')`;

test.each([
  ['int', 'bigint', '7', '7000000000'],
  ['int', 'numeric', '7', '7.5'],
  ['int', 'float8', '7', '7.5'],
  ['numeric(10,2)', 'numeric', '1.25', '1.255'],
  ['real', 'float8', '1.5', '0.1'],
  ['date', 'timestamp', `'2026-01-01'`, `'2026-01-01 10:00'`],
  ['timestamp(0)', 'timestamp', `'2026-01-01 10:00'`, `'2026-01-01 10:00:00.5'`],
  ['timestamptz(0)', 'timestamptz', `'2026-01-01 10:00Z'`, `'2026-01-01 10:00:00.5Z'`],
  ['interval(0)', 'interval', `'1 day 2 s'`, `'2.5 s'`],
  ['varchar(3)', 'text', `'abc'`, `'ab   '`],
  ['char(3)', 'text', `'ab'`, `'ab '`],
  ['numeric(10,2)[]', 'numeric[]', `'{1.25,NULL}'`, `'{1.25,1.255}'`],
  ['kind', 'kind', `'a'`, `'c'`],
])(
  '%s from %s: what fits goes back, what does not stops the stream',
  async (legacyType, candidateType, fits, other) => {
    await pair.source.query(KINDS);
    await pair.target.query(`${KINDS}; ALTER TYPE kind ADD VALUE 'c'`);
    const stream = await startBack(legacyType, candidateType, fits);
    await expect.poll(() => stream.copied(), { message: JSON.stringify(stream.status()) }).toBe(true);
    await pair.target.query(`INSERT INTO t VALUES (2, ${fits})`);
    expect(await stream.waitForPosition(await stream.currentPosition(), 20_000)).toBe(true);
    const held = (await pair.source.query('SELECT v::text, pg_typeof(v)::text FROM t')).rows;
    const wanted = await pair.source.query(
      `SELECT (${fits})::${legacyType}::text AS v, pg_typeof((${fits})::${legacyType})::text FROM generate_series(1, 2)`,
    );
    expect(held).toEqual(wanted.rows);
    await pair.target.query(`UPDATE t SET v = ${other} WHERE id = 2`);
    await expect
      .poll(() => stream.status())
      .toMatchObject({
        state: 'stopped',
        problem: {
          code: 'FICUS_CDC_APPLY_FAILED',
          message: expect.stringMatching(/: The update of public\.t \(id=2\).* cannot be applied: /),
        },
      });
    expect((await pair.source.query('SELECT v::text, pg_typeof(v)::text FROM t')).rows).toEqual(wanted.rows);
    await pair.target.query(`UPDATE t SET v = ${fits} WHERE id = 2`);
  },
);

test('a key that is wider on the candidate finds its rows', async () => {
  const { source: legacy, target: candidate } = pair;
  await legacy.query('CREATE TABLE t (id int PRIMARY KEY, v int)');
  await candidate.query(
    'CREATE TABLE t (id numeric PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1), (2, 2)',
  );
  const tables = parseConfigTables([{ from: 't', to: 't' }]);
  back = openReplication({
    onFault: failTheRun,
    slice: 'back',
    direction: 'reverse',
    tables,
    sourceUrl: pair.targetUrl,
    targetUrl: pair.sourceUrl,
  });
  await back.start();
  await expect.poll(() => back!.copied()).toBe(true);
  await candidate.query('UPDATE t SET id = 3 WHERE id = 2; DELETE FROM t WHERE id = 1; UPDATE t SET v = 9');
  expect(await back.waitForPosition(await back.currentPosition(), 20_000)).toBe(true);
  expect((await legacy.query('SELECT id, v FROM t')).rows).toEqual([{ id: 3, v: 9 }]);
});
