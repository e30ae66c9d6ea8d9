/**
 * A target column that rounds its source's values, or cuts them off, without an error: the preflight names it, and the
 * stream does not start until the column is widened or the mapping says that the loss is meant.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Finding } from '../../../../cdc/preflight/finding.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const SAME = [{ from: 't', to: 't' }];
const FAST = { settings: { slotCheckMs: 50, retryMs: 50 } };

async function start(
  from: string,
  to: string,
  value: string,
  tables: readonly unknown[] = SAME,
): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE t (id int PRIMARY KEY, v ${from}); INSERT INTO t VALUES (1, ${value})`,
    targetSql: `CREATE TABLE t (id int PRIMARY KEY, v ${to})`,
    tables,
    options: FAST,
  });
  return pair;
}

async function look(tables: readonly unknown[] = SAME): Promise<Finding[]> {
  const { sourceUrl, targetUrl } = pair!;
  const found = await preflightSlice({
    slice: 'facts',
    tables: parseConfigTables(tables),
    sourceUrl,
    targetUrl,
  });
  return found.filter(({ code }) => code === 'FICUS_CDC_NARROWER');
}

const problemOf = ({ replication }: StreamedPair) => {
  const status = replication.status();
  return 'problem' in status ? status.problem : undefined;
};

test.each([
  ['numeric', 'int', '1.5'],
  ['numeric', 'numeric(10,2)', '1.23456'],
  ['float8', 'float4', '0.1234567890123'],
  ['timestamp', 'timestamp(0)', "'2026-01-01 10:00:00.2'"],
  ['timestamp', 'date', "'2026-01-01 10:00'"],
  ['timestamptz', 'timestamptz(0)', "'2026-01-01 10:00:00.2Z'"],
  ['interval', 'interval(0)', "'1.234 s'"],
])('%s → %s is refused', async (from, to, value) => {
  const { source, target, settle, verify, ...rest } = await start(from, to, value);
  await expect.poll(() => problemOf(pair!)?.code).toBe('FICUS_CDC_NARROWER');
  expect((await target.query('SELECT FROM t')).rowCount).toBe(0);
  const slots = await source.query('SELECT FROM pg_replication_slots WHERE database = current_database()');
  expect(slots.rowCount, 'the source keeps nothing for a stream that cannot begin').toBe(0);
  const [finding, ...more] = await look();
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ severity: 'error', path: 'slices.facts.tables[0].columns.v' });
  expect(finding!.message).toContain('“v” of “public.t”');
  await target.query(finding!.remedySql!);
  expect(await look()).toEqual([]);
  await rest.replication.start();
  await settle();
  expect((await verify()).verdict).toBe('match');
});

test('an expression says that the loss is meant', async () => {
  const columns = { id: 'id', v: { sql: '"v"::numeric(10,2)', from: ['v'], reverse: { v: '"v"' } } };
  const tables = [{ ...SAME[0], columns }];
  const { target, settle, verify } = await start('numeric', 'numeric(10,2)', '1.23456', tables);
  await settle();
  expect((await target.query('SELECT v FROM t')).rows).toEqual([{ v: '1.23' }]);
  expect(await look(tables)).toEqual([]);
  const [finding] = await look();
  expect(advised(finding!.message), 'what to write').toEqual({ omit: [], columns });
  expect((await verify()).verdict).toBe('match');
});

/** What the message says to write under the table, as a config. */
function advised(message: string): object {
  const [, entry] = /say so in the table’s entry(?: \(.*?\))?: (.*)$/.exec(message)!;
  return parse(`{ ${entry!.replace(/\.$/, '')} }`);
}

test('what is advised is all that has to be done: the rows stay, all columns go over, and the loss is meant', async () => {
  const table = (v: string, w: string) =>
    `CREATE TABLE t (id int PRIMARY KEY, "Note" text, v ${v}, w ${w}, x int)`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table('numeric(10,2)', 'date')}; INSERT INTO t VALUES (1, 'n', 1.25, '2026-01-01', 5)`,
    targetSql: table('numeric(10,2)', 'date'),
    tables: SAME,
    options: FAST,
  });
  const { source, target, settle, replication } = pair;
  await settle();
  await replication.stop();
  // As if copied by a version that let such columns pass: the source's columns were wider all the time.
  const widened = 'ALTER TABLE t ALTER v TYPE numeric, ALTER w TYPE timestamp';
  await source.query(`${widened}; UPDATE t SET v = 1.2549, w = '2026-01-01 10:00'`);
  await target.query(
    `UPDATE ficus.copy_progress SET source_columns = ARRAY(
       SELECT replace(replace(c, '"numeric(10,2)"', '"numeric"'), '"date"', '"timestamp without time zone"')
         FROM unnest(source_columns) c)`,
  );
  await replication.start();
  const problem = problemOf(pair);
  expect(problem?.code).toBe('FICUS_CDC_NARROWER');
  const table2 = { ...SAME[0], ...advised(problem!.message.replace(/ \(and \d+ more.*\)/, '')) };
  expect(await look([table2])).toEqual([]);
  await replication.stop();
  const options = { slice: 'facts', sourceUrl: pair.sourceUrl, targetUrl: pair.targetUrl };
  const tables = parseConfigTables([table2]);
  const edited = openReplication({ ...options, onFault: failTheRun, tables, ...FAST });
  try {
    await edited.start();
    expect(edited.status().problem).toBe(undefined);
    await source.query(`INSERT INTO t VALUES (2, 'm', 2.3456, '2026-02-02 10:00', 6)`);
    const waitForApplied = (lsn: string, timeoutMs: number) => edited.waitForPosition(lsn, timeoutMs);
    const verify = {
      ...options,
      tables,
      mode: 'full',
      waitForApplied,
      settings: {},
      stream: edited,
    } as const;
    expect(await verifySlice(verify)).toMatchObject({ verdict: 'match', rowsCompared: { target: 2 } });
    expect((await target.query('SELECT * FROM t ORDER BY id')).rows).toMatchObject([
      { id: 1, Note: 'n', v: '1.25', x: 5 },
      { id: 2, Note: 'm', v: '2.35', x: 6 },
    ]);
    await source.query('ALTER TABLE t ADD late int');
    await expect.poll(() => edited.status().problem?.code).toBe('FICUS_CDC_SCHEMA_CHANGED');
  } finally {
    await edited.stop();
  }
});

test.each([
  ['varchar(20)', 'varchar(3)', "'abc   '"],
  ['text', 'char(9)', "'a  '"],
])('blanks that %s → %s cuts off the end are a difference', async (from, to, value) => {
  const { settle, verify } = await start(from, to, value);
  await settle();
  expect(await look()).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('blanks at the end') },
  ]);
  expect((await verify()).verdict).toBe('mismatch');
});

test('a time that loses its zone is named', async () => {
  const { settle, verify } = await start('timestamptz', 'timestamp', 'now()');
  await settle();
  expect(await look()).toMatchObject([{ severity: 'warning', message: expect.stringContaining('UTC') }]);
  expect((await verify()).verdict).toBe('match');
});

test('a migration that narrows a column asks for a new copy, which is refused until the column is widened', async () => {
  const { source, target, replication, settle, verify } = await start('numeric', 'numeric', '1.5');
  await settle();
  await target.query('ALTER TABLE t ALTER v TYPE int');
  await expect.poll(() => problemOf(pair!)?.code).toBe('FICUS_CDC_SCHEMA_CHANGED');
  await replication.drop({ emptyTarget: true });
  await replication.start();
  await expect.poll(() => problemOf(pair!)?.code).toBe('FICUS_CDC_NARROWER');
  await target.query('ALTER TABLE t ALTER v TYPE numeric');
  await replication.start();
  await source.query('INSERT INTO t VALUES (2, 2.5)');
  await settle();
  expect((await verify()).verdict).toBe('match');
});
