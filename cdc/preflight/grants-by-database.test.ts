import { tableSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { grantsByDatabase } from './grants-by-database.ts';

const tables = [tableSchema.parse({ from: 'visits', to: 'visits' })];
const url = (database: string) => `postgres://admin:secret@db.example:5433/${database}`;
const slice = (name: string, database: string) => ({ slice: name, tables, targetUrl: url(database) });

test('one part for each database, each with a heading, and no password', () => {
  const slices = [slice('visits', 'visits'), slice('stays', 'stays')];
  const parts = grantsByDatabase({ sourceUrl: url('shop'), controlUrl: url('ficus'), slices });
  expect(parts.map(({ name, sql }) => [name, sql.split('\n')[0]])).toEqual([
    ['legacy', '-- In database “shop” on db.example:5433, as a superuser'],
    ['candidate-visits', '-- In database “visits” on db.example:5433, as a superuser'],
    ['candidate-stays', '-- In database “stays” on db.example:5433, as a superuser'],
    ['control', '-- In database “ficus” on db.example:5433, as a superuser'],
    ['way-back-legacy', expect.stringMatching(/^-- In database “shop” .*only for a cutover of writes/)],
    ['way-back-candidate-visits', expect.stringContaining('“visits”')],
    ['way-back-candidate-stays', expect.stringContaining('“stays”')],
    ['fence-legacy', expect.stringMatching(/^-- In database “shop” .*only for a cutover of writes/)],
    ['fence-candidate-visits', expect.stringContaining('“visits”')],
    ['fence-candidate-stays', expect.stringContaining('“stays”')],
  ]);
  expect(JSON.stringify(parts)).not.toContain('secret');
  const sqlOf = (wanted: string) => parts.find(({ name }) => name === wanted)!.sql;
  const [legacy, visits, , control] = parts.map(({ sql }) => sql);
  const fence = sqlOf('fence-legacy');
  // The role of the URL, which the guard names.
  expect(fence).toContain(`session_user OPERATOR(pg_catalog.=) 'admin'`);
  expect(fence).toContain('the service that was extracted, in database “stays” on db.example:5433');
  expect(legacy).toMatch(
    /“visits”.*CREATE PUBLICATION "ficus_visits".*“stays”.*CREATE PUBLICATION "ficus_stays"/s,
  );
  expect(visits).not.toContain('REPLICATION');
  expect(sqlOf('way-back-candidate-visits')).toMatch(
    /ALTER ROLE "ficus_writer" REPLICATION;.*CREATE PUBLICATION "ficus_visits_back"/s,
  );
  expect(legacy).not.toContain('INSERT');
  expect(sqlOf('way-back-legacy')).toContain(
    'GRANT INSERT, UPDATE, DELETE, TRUNCATE ON "public"."visits" TO "ficus_reader";',
  );
  expect(control).toContain('CREATE ROLE "ficus_control" LOGIN');
});

test('what shares a database shares a part, in which each statement comes once', () => {
  const slices = [slice('visits', 'services'), slice('stays', 'services')];
  const parts = grantsByDatabase({ sourceUrl: url('shop'), controlUrl: url('services'), slices });
  expect(parts.map(({ name }) => name)).toEqual([
    'legacy',
    'candidate-visits',
    'way-back-legacy',
    'way-back-candidate-visits',
    'fence-legacy',
    'fence-candidate-visits',
  ]);
  expect(parts[1]!.sql.match(/CREATE ROLE "ficus_writer"/g)).toHaveLength(1);
  expect(parts[1]!.sql).toContain('CREATE ROLE "ficus_control"');
  expect(parts.at(-1)!.sql.match(/Slice “\w+”: the fence/g)).toHaveLength(2);
});

test('a slice named like another part has a file of its own', () => {
  const slices = [slice('legacy', 'one'), slice('control', 'two')];
  const names = grantsByDatabase({ sourceUrl: url('shop'), controlUrl: url('ficus'), slices }).map(
    ({ name }) => name,
  );
  expect(new Set(names).size).toBe(10);
});
