/**
 * A slice may take one tenant's rows out of a shared table and omit the tenant from its own key. Rows of other tenants
 * may then have the same target keys: changes to them must not touch the slice's rows.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const ROWS = `INSERT INTO item VALUES (1, 1, 'one'), (1, 2, 'two'), (2, 1, 'of two'), (2, 3, 'three'), (1, 4, 'four'),
  (2, 4, repeat('large', 1000))`;

function start(identity: string, rows = 'tenant = 1', more = ''): Promise<StreamedPair> {
  return startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE item (tenant int, id int, body text, seen boolean, PRIMARY KEY (tenant, id));
      ALTER TABLE item REPLICA IDENTITY ${identity}; ALTER TABLE item ALTER body SET STORAGE EXTERNAL; ${ROWS}`,
    targetSql: `CREATE TABLE item (id int PRIMARY KEY, body text, seen boolean); ${more}`,
    tables: [{ from: 'item', to: 'item', omit: ['tenant'], rows }],
    // The first chunk has only rows of the slice; the others come after it.
    options: { settings: { retryMs: 50, copyChunkRows: 2 } },
  });
}

const CHANGES: Readonly<Record<string, string>> = {
  'a row of another tenant is changed': `UPDATE item SET body = 'changed' WHERE tenant = 2 AND id = 1`,
  'a row of another tenant goes': 'DELETE FROM item WHERE tenant = 2 AND id = 1',
  'a row of another tenant comes': `INSERT INTO item VALUES (3, 1, 'of three')`,
  'a row comes and goes': `INSERT INTO item VALUES (3, 1, 'of three'); DELETE FROM item WHERE tenant = 3`,
  'a row moves from one tenant to another': 'UPDATE item SET tenant = 3 WHERE tenant = 2 AND id = 1',
  'a row moves in': 'UPDATE item SET tenant = 1 WHERE tenant = 2 AND id = 3',
  'a row moves out': 'UPDATE item SET tenant = 2 WHERE tenant = 1 AND id = 2',
  'two rows exchange their tenants': `UPDATE item SET tenant = 9 WHERE tenant = 1 AND id = 1;
    UPDATE item SET tenant = 1 WHERE tenant = 2 AND id = 1; UPDATE item SET tenant = 2 WHERE tenant = 9`,
  'a large value is not sent': `UPDATE item SET seen = true WHERE tenant = 2 AND id = 4`,
};

describe.each([
  { identity: 'DEFAULT', more: '' },
  { identity: 'FULL', more: '' },
  { identity: 'DEFAULT', more: 'CREATE UNIQUE INDEX beside_the_key ON item (body)' },
])('replica identity $identity $more', ({ identity, more }) => {
  let shared: StreamedPair;
  beforeAll(async () => {
    shared = await start(identity, 'tenant = 1', more);
    return () => shared.drop();
  });

  test('the rows of the slice are copied', async () => {
    await shared.settle();
    expect(await shared.verify()).toMatchObject({ verdict: 'match', rowsCompared: { target: 3 } });
  });

  test.each(Object.entries(CHANGES))('%s', async (_, sql) => {
    await shared.source.query(`DELETE FROM item; ${ROWS}`);
    await shared.settle();
    await shared.source.query(`BEGIN; ${sql}; COMMIT`);
    await shared.settle();
    expect(await shared.verify()).toMatchObject({ verdict: 'match', differences: [] });
  });
});

describe('a condition over more than the key', () => {
  const condition = 'tenant = 1 AND seen IS NOT TRUE';
  let pair: StreamedPair | undefined;
  afterEach(async () => {
    await pair?.drop();
    pair = undefined;
  });

  test('adds and removes its row', async () => {
    pair = await start('FULL', condition);
    const { source, target } = pair;
    await pair.settle();
    for (const [change, left] of [
      ['seen = true WHERE id = 1 AND tenant = 2', [1, 2, 4]],
      ['seen = true WHERE id IN (1, 4)', [2]],
      ['seen = false WHERE id IN (1, 4)', [1, 2, 4]],
      ['seen = tenant = 1', []],
    ] as const) {
      await source.query(`UPDATE item SET ${change}`);
      await pair.settle();
      const { rows } = await target.query<{ id: number }>('SELECT id FROM item ORDER BY id');
      expect(rows.map(({ id }) => id)).toEqual(left);
    }
  });

  test('is refused when an old row cannot be judged by it', async () => {
    pair = await start('DEFAULT', condition);
    expect(pair.replication.status().problem).toMatchObject({
      code: 'FICUS_CDC_REPLICA_IDENTITY',
      message: expect.stringContaining('differ in “tenant” alone'),
    });
  });
});

describe('a module that leaves out rows which share a key with others', () => {
  let pair: StreamedPair | undefined;
  let baseDir: string | undefined;
  afterEach(async () => {
    await pair?.drop();
    pair = undefined;
    if (baseDir !== undefined) await rm(baseDir, { recursive: true });
    baseDir = undefined;
  });

  async function startWith(key: string, more = ''): Promise<StreamedPair> {
    baseDir = await mkdtemp(join(tmpdir(), 'ficus-module-'));
    const forward = `export const columns = ['id', 'body', 'seen'];
      export const forward = (row) => (row.tenant === '1' ? row : undefined);`;
    await writeFile(join(baseDir, 'mapping.mjs'), `${forward} ${more}`);
    pair = await startStreamedPair(inject('postgresPort'), {
      sourceSql: `CREATE TABLE item (tenant int NOT NULL, id int NOT NULL, body text, seen boolean, ${key}); ${ROWS}`,
      targetSql: 'CREATE TABLE item (id int PRIMARY KEY, body text, seen boolean)',
      tables: [{ from: 'item', to: 'item', module: './mapping.mjs' }],
      options: { settings: { retryMs: 50 }, baseDir },
    });
    return pair;
  }

  test('is refused: removing such a row could remove another', async () => {
    const { replication } = await startWith('PRIMARY KEY (tenant, id)');
    expect(replication.status().problem).toMatchObject({
      code: 'FICUS_CDC_MAPPING_INVALID',
      message: expect.stringContaining('forwardKey'),
    });
  });

  test('is allowed when the module computes the key itself', async () => {
    const { replication, settle } = await startWith(
      'PRIMARY KEY (tenant, id)',
      'export const forwardKey = ({ tenant, id }) => ({ id: tenant === "1" ? id : null });',
    );
    await settle();
    await pair?.source.query(CHANGES['a row of another tenant is changed'] ?? '');
    await pair?.source.query(CHANGES['a row of another tenant goes'] ?? '');
    await settle();
    expect(replication.status().state).toBe('streaming');
    expect(await pair?.verify()).toMatchObject({ verdict: 'match', rowsCompared: { target: 3 } });
  });
});
