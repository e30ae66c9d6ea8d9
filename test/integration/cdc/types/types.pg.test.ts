/**
 * Pitfall 16: every type that a table may hold survives the trip, through first copy and stream, as scalar and as
 * array, including the values of type-samples.ts. Both sides are compared as text, and by verify.
 */
import type pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { applySessionSettings } from '../../../../cdc/catalog/session-settings.ts';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { NO_VALUES, OWN_SAMPLES, OWN_TYPES_SQL, TYPE_SAMPLES } from './type-samples.ts';

interface SampledType {
  readonly column: string;
  readonly type: string;
  readonly samples: readonly string[];
  readonly arrays: boolean;
}

let pair: DatabasePair;
let replication: Replication;
let types: SampledType[];
const tables = parseConfigTables([{ from: 'samples', to: 'samples' }]);

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await Promise.all([applySessionSettings(pair.source), applySessionSettings(pair.target)]);
  types = [...(await builtinTypes(pair.source)), ...ownTypes()];
  const columns = types.flatMap(({ column, type, arrays }) => [
    `"${column}" ${type}`,
    ...(arrays ? [`"${column}[]" ${type}[]`] : []),
  ]);
  for (const client of [pair.source, pair.target]) {
    await client.query(OWN_TYPES_SQL);
    await client.query(`CREATE TABLE samples (id int PRIMARY KEY, ${columns.join(', ')})`);
  }
  for (let id = 0; id < 7; id += 1) await insertRow(id);
  replication = openReplication({
    onFault: failTheRun,
    slice: 'types',
    tables,
    sourceUrl: pair.sourceUrl,
    targetUrl: pair.targetUrl,
  });
  await replication.start();
});

afterAll(async () => {
  await replication?.drop();
  await pair.drop();
});

/** Types that a table may hold, according to PostgreSQL: it accepts columns of them. */
async function builtinTypes(client: pg.Client): Promise<SampledType[]> {
  const { rows } = await client.query<{ name: string; arrays: boolean }>(
    `SELECT typname AS name, typarray <> 0 AND typcategory <> 'A' AS arrays FROM pg_type
      WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typisdefined
        AND NOT (typcategory = 'A' AND typname LIKE '\\_%') AND oid < 16384 ORDER BY typname`,
  );
  const known = rows.filter(({ name }) => !NO_VALUES.has(name));
  const unknown = known.filter(({ name }) => !TYPE_SAMPLES[name]).map(({ name }) => name);
  expect(unknown, 'types of pg_type without samples').toEqual([]);
  const sampled: SampledType[] = [];
  for (const { name, arrays } of known) {
    const type = `pg_catalog."${name}"`;
    const samples = TYPE_SAMPLES[name] ?? [];
    if (name === 'xml' && !(await accepts(client, `SELECT '<a/>'::xml`))) continue;
    sampled.push({ column: name, type, samples: await acceptable(client, type, samples), arrays });
  }
  return sampled;
}

/** An interval may be infinite from 17 on, for instance: values that this server refuses are skipped. */
async function acceptable(client: pg.Client, type: string, samples: readonly string[]): Promise<string[]> {
  const accepted: string[] = [];
  for (const sample of samples) if (await accepts(client, `SELECT ${sample}::${type}`)) accepted.push(sample);
  expect(accepted.length, `samples of ${type}`).toBeGreaterThan(0);
  return accepted;
}

async function accepts(client: pg.Client, query: string): Promise<boolean> {
  return client.query(query).then(
    () => true,
    () => false,
  );
}

function ownTypes(): SampledType[] {
  return Object.entries(OWN_SAMPLES).map(([name, samples]) => ({
    column: `own ${name}`,
    type: `"Own types"."${name}"`,
    samples,
    arrays: true,
  }));
}

/** Assignments of all columns for the n-th row: each sample in turn, arrays in five shapes. */
function values(n: number): [string, string][] {
  return types.flatMap(({ column, type, samples, arrays }) => {
    const at = (index: number) => `${samples[index % samples.length]}::${type}`;
    const scalar: [string, string] = [column, at(n)];
    const shapes = [
      `'{}'`,
      `ARRAY[${at(n)}, NULL, ${at(n + 1)}]`,
      `ARRAY[ARRAY[${at(0)}, ${at(n)}], ARRAY[${at(n)}, ${at(1)}]]`,
      `('[-2:-1]=' || (ARRAY[${at(n)}, ${at(n + 1)}]::${type}[])::text)`,
      'NULL',
    ];
    return arrays ? [scalar, [`${column}[]`, `(${shapes[n % shapes.length]})::${type}[]`]] : [scalar];
  });
}

async function insertRow(id: number): Promise<void> {
  const row = values(id);
  await pair.source.query(
    `INSERT INTO samples (id, ${row.map(([name]) => `"${name}"`).join(', ')}) VALUES (${id}, ${row.map(([, value]) => value).join(', ')})`,
  );
}

async function settle(): Promise<void> {
  const position = await replication.currentPosition();
  expect(await replication.waitForPosition(position, 20_000), JSON.stringify(replication.status())).toBe(
    true,
  );
  await expect.poll(() => replication.copied()).toBe(true);
}

async function expectEqual(): Promise<void> {
  const all = types.flatMap(({ column, arrays }) => (arrays ? [column, `${column}[]`] : [column]));
  const select = `SELECT id, ${all.map((name) => `"${name}"::text`).join(', ')} FROM samples ORDER BY id`;
  const [source, target] = await Promise.all([pair.source.query(select), pair.target.query(select)]);
  expect(target.rows).toEqual(source.rows);
  const report = await verifySlice({
    slice: 'types',
    tables,
    sourceUrl: pair.sourceUrl,
    targetUrl: pair.targetUrl,
    waitForApplied: (lsn, timeoutMs) => replication.waitForPosition(lsn, timeoutMs),
    mode: 'full',
  });
  expect(report.differences).toEqual([]);
  expect(report).toMatchObject({ verdict: 'match', rowsCompared: { source: source.rows.length } });
}

test('by first copy', async () => {
  await settle();
  await expectEqual();
});

test('by stream: inserted, updated to each other value, set to null', async () => {
  for (let id = 100; id < 107; id += 1) await insertRow(id);
  for (let id = 0; id < 7; id += 1) {
    const row = values(id + 1);
    await pair.source.query(
      `UPDATE samples SET ${row.map(([name, value]) => `"${name}" = ${value}`).join(', ')} WHERE id = ${id}`,
    );
  }
  const names = values(0).map(([name]) => name);
  await pair.source.query(
    `UPDATE samples SET ${names.map((name) => `"${name}" = NULL`).join(', ')} WHERE id IN (3, 103)`,
  );
  await pair.source.query('UPDATE samples SET id = -id WHERE id IN (4, 104)');
  await pair.source.query('DELETE FROM samples WHERE id = 5');
  await settle();
  await expectEqual();
});
