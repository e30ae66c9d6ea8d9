/**
 * What judgeTypeChange says of two types, asked of PostgreSQL: values that it says are kept are written as the stream
 * writes them, and come back as they were.
 */
import { expect, inject, test } from 'vitest';
import type { ColumnCatalog } from '../../../../cdc/catalog/database-catalog.ts';
import { readCatalog } from '../../../../cdc/catalog/read-catalog.ts';
import { applySessionSettings } from '../../../../cdc/catalog/session-settings.ts';
import { judgeTypeChange } from '../../../../cdc/mapping/type-change.ts';
import { createDatabasePair } from '../rig/database-pair.ts';

const MOMENT = '2026-03-29 01:30:00.123456';
const VALUES: Readonly<Record<string, readonly string[]>> = {
  smallint: ['-32768', '12345'],
  integer: ['-2147483648', '16777217', '7'],
  bigint: ['-9223372036854775808', '9007199254740993', '7'],
  numeric: ['1.5', '0.1234567890123456789', '12345678901234567890', '7'],
  'numeric(4,0)': ['9999', '-7'],
  'numeric(10,0)': ['9999999999', '7'],
  'numeric(10,2)': ['12345678.91', '7.10'],
  'numeric(12,2)': ['1234567890.12', '7.10'],
  'numeric(10,4)': ['123456.7891'],
  'numeric(7,-2)': ['123456700'],
  real: ['0.1', '3.4e38', '16777216'],
  'double precision': ['0.1234567890123456', '1e300', '7'],
  money: ['-12.34', '1234567890.12'],
  boolean: ['true', 'false'],
  text: ['abc   ', 'a long text of more than nine', "d'"],
  'varchar(20)': ['abc   ', 'twenty characters ab'],
  'varchar(3)': ['ab ', 'abc'],
  'char(9)': ['abc', 'nine char'],
  'char(3)': ['a', 'abc'],
  name: ['a_name'],
  uuid: ['6f1b9a52-0d2c-4c53-8f3e-0f4d6d1b7c11'],
  date: ['2026-03-29', '0044-03-15 BC'],
  time: ['01:30:00.123456'],
  'time(0)': ['01:30:00'],
  timetz: ['01:30:00.123456+02'],
  timestamp: [MOMENT],
  'timestamp(0)': ['2026-03-29 01:30:00'],
  'timestamp(3)': ['2026-03-29 01:30:00.123'],
  timestamptz: [`${MOMENT}+02`],
  'timestamptz(0)': ['2026-03-29 01:30:00-05'],
  interval: ['1 year 3 days 01:02:03.456789', '01:30:00'],
  'interval(0)': ['3 days 01:02:03'],
  'interval day': ['3 days'],
  // As jsonb writes it: blanks between its parts mean nothing.
  json: ['{"a": 1}'],
  jsonb: ['{"a": 1, "b": [2]}'],
  inet: ['10.1.2.3/8', '10.0.0.0/8'],
  cidr: ['10.0.0.0/8'],
  macaddr: ['08:00:2b:01:02:03'],
  macaddr8: ['08:00:2b:ff:fe:01:02:03', '08:00:2b:01:02:03:04:05'],
  'bit(3)': ['101'],
  'bit(4)': ['1010'],
  varbit: ['10110', '1'],
  'varbit(3)': ['10', '101'],
  bytea: ['\\x00ff'],
  xml: ['<a>b</a>'],
  'int[]': ['{1,NULL,2147483647}'],
  'bigint[]': ['{1,9223372036854775807}'],
  'numeric[]': ['{1.555}'],
  'numeric(10,2)[]': ['{1.55}'],
  'varchar(20)[]': ['{abcdef,"ab  "}'],
  'varchar(3)[]': ['{abc}'],
  'timestamp[]': [`{"${MOMENT}"}`],
};
const TYPES = Object.keys(VALUES);

test('every pair of types that is said to keep its values keeps them', async () => {
  const { target: client, drop } = await createDatabasePair(inject('postgresPort'));
  try {
    await applySessionSettings(client);
    await client.query(`CREATE TABLE t (${TYPES.map((type, at) => `c${at} ${type}`).join(', ')})`);
    const columns = (await readCatalog(client, ['public.t'])).tables.get('public.t')!.columns;
    /** What comes back of a value; undefined when PostgreSQL refuses it. */
    const comeBack = async (value: string, from: ColumnCatalog, to: ColumnCatalog) => {
      const written = `INSERT INTO t (${to.name}) SELECT CAST(CAST($1 AS ${from.baseTypeWithModifier}) AS ${to.baseType}) RETURNING`;
      const back = `CAST(CAST(${to.name} AS ${from.baseType}) AS ${from.baseTypeWithModifier})`;
      const { rows } = await client.query<{ was: string; is: string; text: string }>(
        `${written} CAST(CAST($1 AS ${from.baseTypeWithModifier}) AS text) AS was, ${back}::text AS is, ${to.name}::text AS text`,
        [value],
      );
      return rows[0]!;
    };
    const wrong: string[] = [];
    let kept = 0;
    for (const [at, from] of columns.entries())
      for (const to of columns) {
        const change = judgeTypeChange(from, to);
        if (change === 'narrowing' || change === 'unknown') continue;
        for (const value of VALUES[TYPES[at]!]!) {
          const found = await comeBack(value, from, to).catch((error: Error) => error);
          const same = found instanceof Error ? change === 'bounded' : isKept(found, change === 'bounded');
          kept += 1;
          if (!same)
            wrong.push(`${from.type} → ${to.type} (${change}) of ${value}: ${JSON.stringify(found)}`);
        }
      }
    expect(wrong).toEqual([]);
    expect(kept).toBeGreaterThan(400);
  } finally {
    await drop();
  }
});

/** Where a text has no room, blanks at its end may be lost: that is what verify shows. */
const isKept = ({ was, is }: { was: string; is: string }, mayTrim: boolean): boolean =>
  was === is || (mayTrim && was.replace(/ +(?=$|[",}])/g, '') === is.replace(/ +(?=$|[",}])/g, ''));
