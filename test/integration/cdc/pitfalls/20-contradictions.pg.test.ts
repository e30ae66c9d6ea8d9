/**
 * Pitfall 20: with one writer the source's order says what the target must have. Where another writer has written, the
 * stream stops and shows both rows; it overwrites and invents nothing. Where the target may rightly differ (first copy,
 * conditions, several operations merged into one) it does not stop.
 */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const ITEM = 'CREATE TABLE item (id int PRIMARY KEY, body text)';
const SAME = [{ from: 'item', to: 'item' }];
/** Many changes become one batch only if they are in one transaction. */
const inOne = (...statements: string[]) => `BEGIN; ${statements.join('; ')}; COMMIT`;

interface Shape {
  readonly source?: string;
  readonly target?: string;
  readonly tables?: readonly unknown[];
}

async function begin({ source = ITEM, target = source, tables = SAME }: Shape = {}): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${source}; INSERT INTO item SELECT i, 'row ' || i FROM generate_series(1, 20) i`,
    targetSql: target,
    tables,
    options: { settings: { retryMs: 50 } },
  });
  await pair.settle();
  return pair;
}

async function checkpoint({ target }: StreamedPair): Promise<string> {
  return (await target.query('SELECT lsn::text FROM ficus.checkpoint')).rows[0].lsn as string;
}

/** The stream stops with this message, the target unchanged, and continues once `fix` has run on the target. */
async function expectStop(
  stopped: StreamedPair,
  words: RegExp,
  fix: string,
  change: () => Promise<unknown>,
): Promise<void> {
  const { target, replication } = stopped;
  const content = async () =>
    (await target.query('SELECT t::text AS row FROM item t ORDER BY 1')).rows.map((row) => row.row);
  const before = await content();
  await change();
  // The row is searched for among all that were written with it, one after the other.
  await expect.poll(() => replication.status().problem?.message, { timeout: 40_000 }).toMatch(words);
  expect(replication.status().problem).toMatchObject({
    code: 'FICUS_CDC_CONFLICT',
    remedy: expect.stringContaining('Another writer changes'),
  });
  expect(await content()).toEqual(before);
  const at = await checkpoint(stopped);
  // Retried again and again, with the same result.
  await expect.poll(() => replication.status().state).toBe('stopped');
  expect(await checkpoint(stopped)).toBe(at);
  await target.query(fix);
  await stopped.settle();
  expect(await stopped.verify()).toMatchObject({ verdict: 'match', differences: [] });
}

describe.each([
  ['set-wise', ITEM],
  ['in order', `${ITEM}; CREATE UNIQUE INDEX ON item (body)`],
])('%s', (how, table) => {
  test('an INSERT whose key the target has stops the stream; neither row is changed', async () => {
    const now = await begin({ source: table });
    await now.target.query(`INSERT INTO item VALUES (50, 'not ours')`);
    await expectStop(
      now,
      /insert of public\.item \(id=50\).*public\.item \(id=50\) is already on the target/,
      'DELETE FROM item WHERE id = 50',
      () =>
        now.source.query(
          inOne(`INSERT INTO item VALUES (49, 'a'), (50, 'ours')`, 'DELETE FROM item WHERE id = 3'),
        ),
    );
  });

  test('an UPDATE of a row that the target lacks stops the stream', async () => {
    const now = await begin({ source: table });
    await now.target.query('DELETE FROM item WHERE id = 7');
    await expectStop(
      now,
      /update of public\.item \(id=7\).*public\.item \(id=7\) is not on the target/,
      `INSERT INTO item VALUES (7, 'row 7')`,
      () =>
        now.source.query(
          inOne(`UPDATE item SET body = 'new ' || id WHERE id < 10`, `INSERT INTO item VALUES (60, 'x')`),
        ),
    );
  });

  test('a row that moves to an existing key stops the stream; so does a missing one', async () => {
    const now = await begin({ source: table });
    await now.target.query(`INSERT INTO item VALUES (70, 'not ours')`);
    await expectStop(now, /\(id=70\).*is already on the target/, 'DELETE FROM item WHERE id = 70', () =>
      now.source.query('UPDATE item SET id = 70 WHERE id = 5'),
    );
    await now.target.query('DELETE FROM item WHERE id = 6');
    if (how === 'set-wise') {
      // Set-wise, a move is a delete and an insert: the first is counted, the second is right.
      await now.source.query('UPDATE item SET id = 71 WHERE id = 6');
      await now.settle();
      expect(now.replication.status().missingDeletes).toBe(1);
      return;
    }
    await expectStop(now, /\(id=6\) is not on the target/, `INSERT INTO item VALUES (6, 'row 6')`, () =>
      now.source.query('UPDATE item SET id = 71 WHERE id = 6'),
    );
  });

  test('a row inserted and deleted in one batch is judged by its first change', async () => {
    const now = await begin({ source: table });
    await now.source.query(
      inOne(
        `DELETE FROM item WHERE id = 1`,
        `INSERT INTO item VALUES (1, 'again')`,
        `UPDATE item SET body = 'and again' WHERE id = 1`,
        `INSERT INTO item VALUES (80, 'short')`,
        `DELETE FROM item WHERE id = 80`,
        `UPDATE item SET id = 81 WHERE id = 2`,
        `UPDATE item SET id = 2 WHERE id = 3`,
        `UPDATE item SET id = 3 WHERE id = 81`,
        `INSERT INTO item VALUES (82, 'moves')`,
        `UPDATE item SET id = 83 WHERE id = 82`,
      ),
    );
    await now.settle();
    expect(await now.verify()).toMatchObject({ verdict: 'match', differences: [] });
    expect(now.replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 0 });
  });

  test('another writer’s row under a key that came and went in the batch still stops the stream', async () => {
    const now = await begin({ source: table });
    await now.target.query(`INSERT INTO item VALUES (90, 'not ours')`);
    await expectStop(now, /\(id=90\).*is already on the target/, 'DELETE FROM item WHERE id = 90', () =>
      now.source.query(inOne(`INSERT INTO item VALUES (90, 'short')`, 'DELETE FROM item WHERE id = 90')),
    );
  });
});

test('with unsent large values, the row must exist', async () => {
  const now = await begin({ source: `${ITEM}; ALTER TABLE item ALTER body SET STORAGE EXTERNAL` });
  await now.source.query(`UPDATE item SET body = repeat(md5(id::text), 200) WHERE id < 5`);
  await now.settle();
  await now.source.query('UPDATE item SET id = id + 100 WHERE id < 3');
  await now.settle();
  expect(await now.verify()).toMatchObject({ verdict: 'match', differences: [] });
  await now.target.query('CREATE TABLE kept AS SELECT * FROM item WHERE id IN (101, 4)');
  await now.target.query('DELETE FROM item WHERE id IN (101, 4)');
  await expectStop(now, /\(id=101\) is not on the target/, 'INSERT INTO item SELECT * FROM kept', () =>
    now.source.query(
      inOne('UPDATE item SET id = 201 WHERE id = 101', 'UPDATE item SET id = 204 WHERE id = 4'),
    ),
  );
});

test('with a condition, an UPDATE may add or remove rows; an INSERT must be new', async () => {
  const now = await begin({
    tables: [
      { from: 'item', to: 'item', rows: `body LIKE 'row%'` },
      { from: 'item', to: 'rest', rows: `body NOT LIKE 'row%'` },
    ],
    target: `${ITEM}; CREATE TABLE rest (id int PRIMARY KEY, body text)`,
  });
  await now.source.query(`UPDATE item SET body = 'other' WHERE id < 5`);
  await now.source.query(`UPDATE item SET body = 'row back' WHERE id < 3`);
  await now.source.query(
    inOne(`INSERT INTO item VALUES (40, 'other'), (41, 'row 41')`, 'DELETE FROM item WHERE id = 4'),
  );
  await now.settle();
  expect(await now.verify()).toMatchObject({ verdict: 'match', differences: [] });
  expect((await now.target.query('SELECT id FROM rest ORDER BY 1')).rows.map((row) => row.id)).toEqual([
    3, 40,
  ]);
  await now.target.query(`INSERT INTO item VALUES (50, 'not ours')`);
  await expectStop(now, /\(id=50\).*is already on the target/, 'DELETE FROM item WHERE id = 50', () =>
    now.source.query(`INSERT INTO item VALUES (50, 'row 50')`),
  );
});

test('through a module, an INSERT must be new, and rows left out may change', async () => {
  const module = join(tmpdir(), `ficus-pitfall-20-${process.pid}.mjs`);
  onTestFinished(() => rm(module, { force: true }));
  await writeFile(
    module,
    `export const forward = (row) => row.body.startsWith('row') ? { id: row.id, body: row.body.toUpperCase() } : undefined;
     export const columns = ['id', 'body'];`,
  );
  const now = await begin({ tables: [{ from: 'item', to: 'item', module }] });
  await now.source.query(`UPDATE item SET body = 'other' WHERE id < 5`);
  await now.source.query(`UPDATE item SET body = 'row back' WHERE id < 3`);
  await now.settle();
  expect((await now.target.query('SELECT count(*)::int AS n FROM item')).rows[0].n).toBe(18);
  await now.target.query(`INSERT INTO item VALUES (50, 'not ours')`);
  await expectStop(now, /\(id=50\).*is already on the target/, 'DELETE FROM item WHERE id = 50', () =>
    now.source.query(`INSERT INTO item VALUES (50, 'row 50')`),
  );
});

test('a trigger of the target that refuses rows is no conflict', async () => {
  const now = await begin({
    target: `${ITEM};
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.id = 3 THEN NULL ELSE NEW END; END $$;
      CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION refuse();
      ALTER TABLE item ENABLE ALWAYS TRIGGER refuse`,
    tables: [{ from: 'item', to: 'item', mayLeaveOut: true }],
  });
  await now.source.query(`UPDATE item SET body = 'new'`);
  await now.source.query('DELETE FROM item WHERE id = 3');
  await now.settle();
  expect(now.replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 0 });
  const { rows } = await now.target.query(`SELECT count(*)::int AS n FROM item WHERE body = 'new'`);
  expect(rows[0].n).toBe(19);
});

test('equal keys with different spellings are no conflict', async () => {
  const table = 'CREATE TABLE item (id numeric PRIMARY KEY, body text)';
  const now = await begin({ source: table });
  await now.source.query(
    inOne(
      'DELETE FROM item WHERE id = 1',
      `INSERT INTO item VALUES (1.00, 'a')`,
      'DELETE FROM item WHERE id = 1',
      `INSERT INTO item VALUES (1, 'b')`,
      'UPDATE item SET id = 2.0 WHERE id = 2',
    ),
  );
  await now.settle();
  expect(await now.verify()).toMatchObject({ verdict: 'match', differences: [] });
  expect(now.replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 0 });
});

test('with another key on the target, a row that changes it moves', async () => {
  const now = await begin({
    source:
      'CREATE TABLE item (id int PRIMARY KEY, body text NOT NULL UNIQUE); ALTER TABLE item REPLICA IDENTITY FULL',
    target: 'CREATE TABLE item (id int, body text PRIMARY KEY)',
  });
  await now.source.query(
    inOne(`UPDATE item SET body = 'moved' WHERE id = 1`, `UPDATE item SET id = 30 WHERE id = 2`),
  );
  await now.settle();
  expect(await now.verify()).toMatchObject({ verdict: 'match', differences: [] });
});

test('the target may be ahead or behind during the first copy, but not after it', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${ITEM}; INSERT INTO item SELECT i, 'row ' || i FROM generate_series(1, 3000) i`,
    targetSql: ITEM,
    tables: SAME,
    options: { settings: { copyChunkRows: 100, copyRowsPerSecond: 3_000, retryMs: 50 } },
  });
  const { source, target, replication } = pair;
  // Rows that the copy has brought, has not brought yet, and brings a second time.
  for (let turn = 0; !(await replication.copied()); turn++) {
    await source.query(
      inOne(
        `UPDATE item SET body = body || '+' WHERE id % 50 = ${turn % 50}`,
        `DELETE FROM item WHERE id % 50 = ${(turn + 7) % 50}`,
        `INSERT INTO item SELECT i, 'again' FROM generate_series(1, 3000) i WHERE i % 50 = ${(turn + 7) % 50}`,
        `INSERT INTO item VALUES (${10_000 + turn}, 'new')`,
        `UPDATE item SET id = -id WHERE id = ${10_000 + turn}`,
      ),
    );
    await replication.waitForPosition(await replication.currentPosition(), 10_000);
  }
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
  expect(replication.status().missingDeletes).toBe(0);
  await target.query(`INSERT INTO item VALUES (50000, 'not ours')`);
  await expectStop(pair, /\(id=50000\).*is already on the target/, 'DELETE FROM item WHERE id = 50000', () =>
    source.query(`INSERT INTO item VALUES (50000, 'ours')`),
  );
});

test('a conflict among very many changes names the one row', async () => {
  const now = await begin();
  await now.target.query(`INSERT INTO item VALUES (15000, 'not ours')`);
  await expectStop(now, /insert of public\.item \(id=15000\)/, 'DELETE FROM item WHERE id = 15000', () =>
    now.source.query(`INSERT INTO item SELECT i, 'many' FROM generate_series(100, 20000) i`),
  );
}, 120_000);
