/** Settings of a database, or a role, meant for its other sessions: none may change a value or abort a copy. */
import { expect, inject, test } from 'vitest';
import { startStreamedPair } from '../rig/streamed-pair.ts';

/** The limits apply until a session has lifted them: time enough for that on busy cores. */
const LIMIT_MS = '600';

const ODD = {
  array_nulls: 'off',
  quote_all_identifiers: 'on',
  standard_conforming_strings: 'off',
  transform_null_equals: 'on',
  bytea_output: 'escape',
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-5',
  TimeZone: 'Asia/Kolkata',
  search_path: '',
  statement_timeout: LIMIT_MS,
  idle_in_transaction_session_timeout: LIMIT_MS,
  idle_session_timeout: LIMIT_MS,
  lock_timeout: LIMIT_MS,
};
const SET = Object.entries(ODD)
  .map(
    ([name, value]) =>
      `EXECUTE format('ALTER DATABASE %I SET ${name} = %L', current_database(), '${value}');`,
  )
  .join('\n');
const TABLE = `CREATE TABLE public.t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), a text, b bytea, c timestamptz,
  d interval, e float8, f text[], g jsonb, h numeric);`;
const ROWS = `INSERT INTO public.t (a, b, c, d, e, f, g) VALUES
  (NULL, '\\x00ff5c', now(), '-1 day 02:03:04.5', 0.1::float8 + 0.2::float8, '{a,NULL,"NULL"}', '{"a": null}'),
  ('back\\slash\\', NULL, NULL, NULL, 'NaN', '{}', 'null'), ('', NULL, 'infinity', '1 mon', '-0', NULL, '"\\\\"');`;

test('odd settings of both databases change nothing', async () => {
  const pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE} ${ROWS} INSERT INTO t (h) SELECT n FROM generate_series(1, 50000) AS n; DO $$ BEGIN ${SET} END $$`,
    targetSql: `${TABLE} DO $$ BEGIN ${SET} END $$`,
    tables: [{ from: 't', to: 't' }],
    options: { settings: { retryMs: 50 } },
  });
  try {
    await pair.settle();
    await pair.source.query(`${ROWS} UPDATE t SET a = a, h = 1.10`);
    await pair.settle();
    expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 50_006 } });
    const nulls = 'SELECT count(*)::int AS nulls FROM t WHERE a IS NULL';
    expect((await pair.target.query(nulls)).rows).toEqual([{ nulls: 50_002 }]);
  } finally {
    await pair.drop();
  }
});

test('limits of both databases abort neither a quiet stream nor one that waits for a lock', async () => {
  const table = 'CREATE TABLE public.t (id int, a text)';
  const limits = `DO $$ BEGIN ${SET} END $$`;
  const pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'a'); ${limits}`,
    targetSql: `${table}; ${limits}`,
    tables: [{ from: 't', to: 't' }],
    options: { settings: { retryMs: 50, heartbeatMs: 60_000 } },
  });
  try {
    await pair.settle();
    const states = new Set<string>();
    pair.replication.subscribe(({ state }) => states.add(state));
    await pair.target.query('BEGIN; LOCK TABLE public.t');
    await pair.source.query(`INSERT INTO public.t VALUES (2, 'b')`);
    // Longer than the limits.
    const waits = `SELECT FROM pg_locks WHERE relation = 'public.t'::regclass AND clock_timestamp() - waitstart > '800 ms'`;
    await expect.poll(async () => (await pair.target.query(waits)).rowCount).toBe(1);
    await pair.target.query('COMMIT');
    await pair.settle();
    expect([...states]).toEqual(['streaming']);
    expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 2 } });
  } finally {
    await pair.drop();
  }
});
