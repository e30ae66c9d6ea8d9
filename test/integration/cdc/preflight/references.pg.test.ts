/**
 * The service's own tables refer to streamed ones. In the replica role PostgreSQL carries out no ON DELETE for what the
 * stream deletes; `ficus check --live` says so, and what it prints makes the foreign key act.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { Finding } from '../../../../cdc/preflight/finding.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const POST = 'CREATE TABLE post (id int PRIMARY KEY, title text, author int);';
const ROLE = 'ficus_plain_writer';

async function start(
  targetSql: string,
  tables: readonly unknown[] = [{ from: 'post', to: 'post' }],
): Promise<void> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${POST} CREATE TABLE reply (id int PRIMARY KEY, post int); INSERT INTO post VALUES (1, 'a', 1), (2, 'b', 1)`,
    targetSql,
    tables,
  });
  await pair.settle();
}

async function look(code: Finding['code'], role?: string): Promise<Finding[]> {
  const { sourceUrl, targetUrl } = pair!;
  const findings = await preflightSlice({
    slice: 'facts',
    tables: parseConfigTables([{ from: 'post', to: 'post' }]),
    sourceUrl,
    targetUrl: role ? targetUrl.replace('//postgres@', `//${role}@`) : targetUrl,
  });
  return findings.filter((finding) => finding.code === code);
}

describe('children of the service', () => {
  const actions = {
    CASCADE: [],
    'SET NULL': [{ post: null }],
  };
  test.each(Object.entries(actions))('ON DELETE %s', async (action, left) => {
    await start(
      `${POST} CREATE TABLE "Like" (id int PRIMARY KEY, post int REFERENCES post ON DELETE ${action})`,
    );
    const { source, target, settle } = pair!;
    const [finding, ...more] = await look('FICUS_CDC_TARGET_REFERENCES');
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: 'warning', message: expect.stringContaining('“public.Like”') });
    await target.query(finding!.remedySql!);
    expect(await look('FICUS_CDC_TARGET_REFERENCES')).toEqual([]);
    await target.query('INSERT INTO "Like" VALUES (1, 1)');
    await source.query('DELETE FROM post WHERE id = 1');
    await settle();
    expect((await target.query('SELECT post FROM "Like"')).rows).toEqual(left);
  });

  test('without an action there is nothing to carry out', async () => {
    await start(`${POST} CREATE TABLE "like" (id int PRIMARY KEY, post int REFERENCES post)`);
    const [finding] = await look('FICUS_CDC_TARGET_REFERENCES');
    expect(finding?.message).toContain('does not keep it from being deleted');
    expect(finding?.remedySql).toBeUndefined();
  });

  test('a role that cannot enter the replica role has foreign keys that act', async () => {
    await start(`${POST} CREATE TABLE "like" (id int PRIMARY KEY, post int REFERENCES post ON DELETE CASCADE);
      CREATE TABLE pin (post int REFERENCES post ON DELETE RESTRICT)`);
    await pair!.target.query(
      `DO $$ BEGIN CREATE ROLE ${ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT ALL ON post TO ${ROLE}`,
    );
    const findings = await look('FICUS_CDC_TARGET_REFERENCES', ROLE);
    expect(findings.map(({ message }) => message)).toEqual([
      'Foreign key “pin_post_fkey” of “public.pin” keeps the stream from deleting a row of “public.post” to which one of its rows refers: the stream would stop there.',
    ]);
  });
});

test('children that are streamed, and the table’s own rows, follow the source', async () => {
  const tables = [
    { from: 'post', to: 'post' },
    { from: 'reply', to: 'reply' },
  ];
  await start(
    `${POST} ALTER TABLE post ADD FOREIGN KEY (author) REFERENCES post ON DELETE CASCADE; CREATE TABLE reply (id int PRIMARY KEY, post int REFERENCES post ON DELETE CASCADE)`,
    tables,
  );
  const { sourceUrl, targetUrl } = pair!;
  const findings = await preflightSlice({
    slice: 'facts',
    tables: parseConfigTables(tables),
    sourceUrl,
    targetUrl,
  });
  expect(findings.filter(({ code }) => code === 'FICUS_CDC_TARGET_REFERENCES')).toEqual([]);
});

test('rows that refer to a table outside the slice are not checked', async () => {
  await start(
    `CREATE TABLE author (id int PRIMARY KEY); ${POST} ALTER TABLE post ADD FOREIGN KEY (author) REFERENCES author`,
  );
  const [finding] = await look('FICUS_CDC_TARGET_REFERENCES');
  expect(finding?.message).toContain('“public.author”, to which they refer, is not part of the slice');
});

test('a column that may be null only on the source is named, and what is printed lets null in', async () => {
  await start(POST.replace('title text', 'title text NOT NULL'));
  const { source, target, settle } = pair!;
  const [finding, ...more] = await look('FICUS_CDC_NULLABLE');
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ severity: 'warning', path: 'slices.facts.tables[0].columns.title' });
  await target.query(finding!.remedySql!);
  await source.query('INSERT INTO post VALUES (3)');
  await settle();
  expect(await look('FICUS_CDC_NULLABLE')).toEqual([]);
});
