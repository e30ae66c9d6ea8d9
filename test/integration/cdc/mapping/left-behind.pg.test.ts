/**
 * Without `columns`, and with `columns` and `omit`, all columns go over, or the stream does not start: a column left out in
 * silence would be missing on the target, and verify would call the tables equal.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Finding } from '../../../../cdc/preflight/finding.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const BOOK = { from: 'book', to: 'book' };

interface Outcome {
  readonly state: string;
  readonly says: string | undefined;
  readonly findings: readonly Finding[];
}

/** Starts a stream between two tables of these columns, beside a key. */
async function compare(
  source: string,
  target: string,
  tables: readonly unknown[] = [BOOK],
): Promise<Outcome> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE book (id int PRIMARY KEY${source})`,
    targetSql: `CREATE TABLE book (id int PRIMARY KEY${target}); CREATE TABLE cover (id int PRIMARY KEY, color text)`,
    tables,
    options: { settings: { slotCheckMs: 50, retryMs: 50 } },
  });
  const { sourceUrl, targetUrl, replication } = pair;
  const findings = await preflightSlice({
    slice: 'facts',
    tables: parseConfigTables(tables),
    sourceUrl,
    targetUrl,
  });
  const { state, problem } = replication.status();
  return {
    state,
    says: problem?.message,
    findings: findings.filter(({ path }) => path.startsWith('slices.facts.tables[0].columns')),
  };
}

const REFUSED: Readonly<Record<string, readonly [string, string, RegExp]>> = {
  'the target has none of its name': [
    ', title text, isbn varchar(13)',
    ', title text',
    /“isbn” of “public\.book” stays behind/,
  ],
  'generated on the source, plain on the target': [
    ', price int, gross int GENERATED ALWAYS AS (price * 2) STORED',
    ', price int, gross int',
    /“gross” .* generated on the source/,
  ],
  'plain on the source, generated on the target': [
    ', price int, gross int',
    ', price int, gross int GENERATED ALWAYS AS (price * 2) STORED',
    /“gross” .* generated in “public\.book” of the target/,
  ],
};

test.each(Object.entries(REFUSED))('refused: %s', async (_name, [source, target, says]) => {
  const { state, says: said, findings } = await compare(source, target);
  expect({ state, said }).toEqual({ state: 'stopped', said: expect.stringMatching(says) });
  const { rows } = await pair!.source.query(
    `SELECT slot_name FROM pg_replication_slots WHERE database = current_database() UNION SELECT pubname FROM pg_publication`,
  );
  expect(rows).toEqual([]);
  expect(findings).toEqual([
    expect.objectContaining({
      severity: 'error',
      code: 'FICUS_CDC_MAPPING_INVALID',
      message: expect.stringMatching(says),
    }),
  ]);
});

test('what the finding prints lets the stream start by itself', async () => {
  const { findings } = await compare(', isbn varchar(13)', '');
  await pair!.target.query(findings[0]!.remedySql!);
  await pair!.settle();
});

test('generated on both sides, each side computes its own', async () => {
  const sum = ', price int, gross int GENERATED ALWAYS AS (price * 2) STORED';
  expect(await compare(sum, sum)).toMatchObject({ state: 'streaming', findings: [] });
});

test('generated on both sides by different expressions: it is mentioned, and “omit” says that it is meant', async () => {
  const gross = (rate: number) => `, price int, gross int GENERATED ALWAYS AS (price * ${rate}) STORED`;
  expect(await compare(gross(2), gross(3))).toMatchObject({
    state: 'streaming',
    findings: [
      {
        severity: 'warning',
        message: expect.stringContaining('(price * 2), and on the target as (price * 3)'),
      },
    ],
  });
  const tables = [{ ...BOOK, omit: ['gross'] }];
  expect(await compare(gross(2), gross(3), tables)).toMatchObject({ state: 'streaming', findings: [] });
});

test('generated on the source alone: nothing is lost, and it is mentioned', async () => {
  const gross = ', gross int GENERATED ALWAYS AS (id * 2) STORED';
  expect(await compare(gross, '')).toMatchObject({
    state: 'streaming',
    findings: [{ severity: 'warning', message: expect.stringContaining('“gross”') }],
  });
});

test('named columns name what goes over', async () => {
  const tables = [{ ...BOOK, columns: { id: 'id' } }];
  expect(await compare(', isbn text', '', tables)).toMatchObject({ state: 'streaming', findings: [] });
});

test('each part of a split table takes its own', async () => {
  const tables = [BOOK, { from: 'book', to: 'cover' }];
  expect(await compare(', title text, color text', ', title text', tables)).toMatchObject({
    state: 'streaming',
    findings: [],
  });
});

test('a column under “omit” stays behind, and stays what it is on the target', async () => {
  const tables = [{ ...BOOK, omit: ['isbn', 'shelf'] }];
  expect(
    await compare(', title text, isbn text, shelf int', ', title text, shelf int DEFAULT 7', tables),
  ).toMatchObject({
    state: 'streaming',
    findings: [],
  });
  const { source, target, settle, verify } = pair!;
  await source.query(`INSERT INTO book VALUES (1, 'a', 'b', 3)`);
  await settle();
  expect((await target.query('SELECT * FROM book')).rows).toEqual([{ id: 1, title: 'a', shelf: 7 }]);
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('a column under “omit” that does not exist is a mistake', async () => {
  const { says } = await compare(', title text', ', title text', [{ ...BOOK, omit: ['titel'] }]);
  expect(says).toContain('tables[0].omit[0]: there is no column “titel”');
});

test('a column under “omit” that the source drops after the copy stops nothing, and check --live mentions it', async () => {
  const tables = [{ ...BOOK, omit: ['isbn'] }];
  await compare(', isbn text', '', tables);
  const { source, settle, replication } = pair!;
  await settle();
  await source.query('ALTER TABLE book DROP isbn; INSERT INTO book VALUES (1)');
  await settle();
  expect(replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
  expect(await tableFindings(tables)).toEqual([
    expect.objectContaining({ severity: 'warning', path: 'slices.facts.tables[0].omit[0]' }),
  ]);
});

/** Of `check --live`, on the tables. */
async function tableFindings(tables: readonly unknown[]): Promise<Finding[]> {
  const { sourceUrl, targetUrl } = pair!;
  const given = { slice: 'facts', tables: parseConfigTables(tables), sourceUrl, targetUrl };
  return (await preflightSlice(given)).filter(({ path }) => path.startsWith('slices.facts.tables'));
}

/** Another mapping, the same rows: the stream arrives at its source's end. */
async function continueWith(tables: readonly unknown[]): Promise<void> {
  const { sourceUrl, targetUrl, replication } = pair!;
  await replication.stop();
  const given = { slice: 'facts', tables: parseConfigTables(tables), sourceUrl, targetUrl };
  const later = openReplication({ onFault: failTheRun, ...given });
  try {
    await later.start();
    const arrived = await later.waitForPosition(await later.currentPosition(), 20_000);
    expect(arrived, JSON.stringify(later.status())).toBe(true);
  } finally {
    await later.stop();
  }
}

const NAMED = { ...BOOK, columns: { id: 'id', title: 'name' } };

test('columns with “omit” beside them: one that neither names is refused', async () => {
  const { state, says, findings } = await compare(', name text, isbn text', ', title text', [
    { ...NAMED, omit: [] },
  ]);
  expect({ state, says }).toEqual({
    state: 'stopped',
    says: expect.stringContaining('“isbn” of “public.book” stays behind: “columns” does not name it'),
  });
  expect(findings).toMatchObject([{ severity: 'error' }]);
});

describe('a column that the monolith adds under a running stream', () => {
  const { columns } = NAMED;
  test.each<[string, object, object, RegExp]>([
    ['without columns', {}, {}, /“public.book” lacks it|public.book lacks it/],
    [
      'with columns and omit',
      { columns, omit: [] },
      { columns: { ...columns, isbn: 'isbn' }, omit: [] },
      /does not name it: .* name it under “columns”/,
    ],
  ])(
    '%s: it stops, check --live says the same, and it continues without a new copy',
    async (_, before, after, says) => {
      const name = 'columns' in before ? 'name' : 'title';
      await compare(`, ${name} text`, ', title text', [{ ...BOOK, ...before }]);
      const { source, target, settle, replication } = pair!;
      await settle();
      await source.query(`INSERT INTO book VALUES (1, 'a'); ALTER TABLE book ADD isbn text DEFAULT 'none'`);
      await source.query(`INSERT INTO book VALUES (2, 'b', 'new')`);
      await expect.poll(() => replication.status().problem?.message).toMatch(says);
      const message = replication.status().problem?.message ?? '';
      expect(message).toContain('under “omit”');
      expect(await tableFindings([{ ...BOOK, ...before }])).toEqual([
        { severity: 'error', path: 'slices.facts.tables[0]', code: 'FICUS_CDC_SCHEMA_CHANGED', message },
      ]);
      await target.query(/ALTER TABLE .*;/.exec(message)?.[0] ?? '');
      await continueWith([{ ...BOOK, ...after }]);
      expect((await target.query('SELECT id, title, isbn FROM book ORDER BY id')).rows).toEqual([
        { id: 1, title: 'a', isbn: 'none' },
        { id: 2, title: 'b', isbn: 'new' },
      ]);
    },
  );

  test('may be taken by another part of a split table', async () => {
    const parts = (more: object) => [
      { from: 'book', to: 'book', columns: { id: 'id' }, omit: [] },
      { from: 'book', to: 'cover', columns: { id: 'id', color: 'color', ...more }, omit: [] },
    ];
    await compare(', color text', '', parts({}));
    const { source, target, settle, replication } = pair!;
    await settle();
    await source.query(`ALTER TABLE book ADD isbn text; INSERT INTO book VALUES (1, 'a', 'b')`);
    await expect.poll(() => replication.status().problem?.message).toContain('does not name it');
    await target.query('ALTER TABLE cover ADD isbn text');
    await continueWith(parts({ isbn: 'isbn' }));
    expect((await target.query('SELECT * FROM cover')).rows).toEqual([{ id: 1, color: 'a', isbn: 'b' }]);
  });

  test('may be omitted instead', async () => {
    await compare(', title text', ', title text');
    const { source, replication, settle } = pair!;
    await settle();
    await source.query(`ALTER TABLE book ADD isbn text; INSERT INTO book VALUES (1, 'a', 'b')`);
    await expect.poll(() => replication.status().problem?.message).toContain('or name it under “omit”');
    await continueWith([{ ...BOOK, omit: ['isbn'] }]);
  });
});

test('rows from before Ficus remembered the mapping: a column added by our own advice does not pass for copied', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE album (id int PRIMARY KEY, title text); CREATE TABLE track (id int PRIMARY KEY, title text);
      INSERT INTO album VALUES (1, 'a'); INSERT INTO track VALUES (1, 'b')`,
    targetSql: 'CREATE TABLE album (id int PRIMARY KEY); CREATE TABLE track (id int PRIMARY KEY)',
    tables: [
      { from: 'album', to: 'album', omit: ['title'] },
      { from: 'track', to: 'track', omit: ['title'] },
    ],
    options: { settings: { slotCheckMs: 50, retryMs: 50 } },
  });
  const { source, target, sourceUrl, targetUrl, replication } = pair;
  await pair.settle();
  await replication.stop();
  await target.query('UPDATE ficus.copy_progress SET shape = NULL');
  const tables = parseConfigTables([
    { from: 'album', to: 'album' },
    { from: 'track', to: 'track' },
  ]);
  const findings = await preflightSlice({ slice: 'facts', tables, sourceUrl, targetUrl });
  const left = findings.filter(({ message }) => message.includes('stays behind'));
  expect(left.map(({ message }) => message.includes('copy again'))).toEqual([true, true]);
  const later = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables,
    sourceUrl,
    targetUrl,
    settings: { retryMs: 50 },
  });
  try {
    const refused = async (says: RegExp) => {
      await later.start();
      await expect.poll(() => later.status().problem?.message).toMatch(says);
    };
    await refused(/“title” of “public.album” stays behind.* and copy again/);
    // All at once, as check --live lists them.
    await source.query(`ALTER TABLE album ADD COLUMN year int`);
    for (const { remedySql } of left) await target.query(remedySql ?? '');
    await refused(/“year” was added/);
    await target.query('ALTER TABLE album ADD COLUMN year int');
    await refused(/public.album was changed after the copy: column “title” was not mapped/);
    await later.drop({ emptyTarget: true });
    await later.start();
    await expect.poll(() => later.copied()).toBe(true);
    expect(
      (await target.query('SELECT title FROM album NATURAL JOIN (SELECT id FROM track) AS t')).rows,
    ).toEqual([{ title: 'a' }]);
  } finally {
    await later.stop();
  }
});
