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
  ]);
  expect(JSON.stringify(parts)).not.toContain('secret');
  const [legacy, visits, , control] = parts.map(({ sql }) => sql);
  expect(legacy).toMatch(
    /“visits”.*CREATE PUBLICATION "ficus_visits".*“stays”.*CREATE PUBLICATION "ficus_stays"/s,
  );
  expect(visits).not.toContain('REPLICATION');
  expect(control).toContain('CREATE ROLE "ficus_control" LOGIN');
});

test('what shares a database shares a part, in which each statement comes once', () => {
  const slices = [slice('visits', 'services'), slice('stays', 'services')];
  const parts = grantsByDatabase({ sourceUrl: url('shop'), controlUrl: url('services'), slices });
  expect(parts.map(({ name }) => name)).toEqual(['legacy', 'candidate-visits']);
  expect(parts[1]!.sql.match(/CREATE ROLE "ficus_writer"/g)).toHaveLength(1);
  expect(parts[1]!.sql).toContain('CREATE ROLE "ficus_control"');
});

test('a slice named like another part has a file of its own', () => {
  const slices = [slice('legacy', 'one'), slice('control', 'two')];
  const names = grantsByDatabase({ sourceUrl: url('shop'), controlUrl: url('ficus'), slices }).map(
    ({ name }) => name,
  );
  expect(new Set(names).size).toBe(4);
});
