/**
 * Pitfall 20: where rows of the stream are told apart by more than the target's key, a value that changes and changes
 * back within a batch makes a row that comes and goes beside one that stays, and both have one key on the target. Nobody
 * but the source wrote: the stream continues. A row of another writer is still found.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TASK = 'CREATE TABLE task (id int PRIMARY KEY, state text NOT NULL, code text NOT NULL, note text)';
const ROWS = `INSERT INTO task SELECT n, 'open', 'c' || n, 'note ' || n FROM generate_series(1, 9) AS n`;
const LARGE = `repeat('large ', 5000)`;

interface Shape {
  readonly target?: string;
  readonly table?: object;
}

async function start({ target = TASK, table = {} }: Shape): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TASK}; ALTER TABLE task ALTER note SET STORAGE EXTERNAL; ALTER TABLE task REPLICA IDENTITY FULL; ${ROWS};
      UPDATE task SET note = ${LARGE} WHERE id = 3`,
    targetSql: target,
    tables: [{ from: 'task', to: 'task', ...table }],
    options: { settings: { retryMs: 50 } },
  });
  await pair.settle();
  return pair;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  'a condition': { table: { rows: `state IN ('open', 'busy')` } },
  'another key on the target': {
    target: 'CREATE TABLE task (code text PRIMARY KEY, id int, state text, note text)',
  },
  'a computed key on the target': {
    target: 'CREATE TABLE task (code text PRIMARY KEY, id int, state text, note text)',
    table: {
      columns: { code: { sql: 'upper(code)', from: ['code'] }, id: 'id', state: 'state', note: 'note' },
    },
  },
  'several rows of the source’s key in one of the target': {
    target: 'CREATE TABLE task (id int, code text, state text, note text, PRIMARY KEY (id))',
    table: { rows: `state <> 'closed' AND code <> 'none'` },
  },
};

const to = (column: string, value: string, id = 1) =>
  `UPDATE task SET ${column} = '${value}' WHERE id = ${id}`;

const CHANGES: Readonly<Record<string, readonly string[]>> = {
  'a state and back': [to('state', 'busy'), to('state', 'open')],
  'two states and back, beside a change that stays': [
    to('state', 'busy'),
    to('note', 'meanwhile'),
    to('state', 'closed'),
    to('state', 'open'),
  ],
  'a code and back': [to('code', 'C1'), to('code', 'c1')],
  'a code and another state': [to('code', 'C1'), to('state', 'busy'), to('code', 'c1')],
  'a large value that is not sent': [
    to('state', 'busy', 3),
    to('code', 'C3', 3),
    to('state', 'open', 3),
    to('code', 'c3', 3),
  ],
  'gone, and back with another value': [
    'DELETE FROM task WHERE id = 2',
    `INSERT INTO task VALUES (22, 'open', 'c2', 'new')`,
    'DELETE FROM task WHERE id = 22',
    `INSERT INTO task VALUES (2, 'open', 'c2', 'again')`,
  ],
  'two rows exchange their codes, and exchange them again': [
    to('code', 'x', 4),
    to('code', 'c4', 5),
    to('code', 'c5', 4),
    to('code', 'x', 4),
    to('code', 'c5', 5),
    to('code', 'c4', 4),
  ],
};

describe.each(Object.entries(SHAPES))('%s', (_shape, shape) => {
  test.each(Object.entries(CHANGES))('%s', async (_name, statements) => {
    const { source, replication, settle, verify } = await start(shape);
    const problems = new Set<string | undefined>();
    // A new slot waits for transactions of other tests on this server, and the status says so for a moment longer.
    replication.subscribe(({ problem }) =>
      problems.add(problem?.code === 'FICUS_CDC_BLOCKED' ? undefined : problem?.message),
    );
    await source.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
    await settle();
    expect([...problems]).toEqual([undefined]);
    expect(await verify()).toMatchObject({ verdict: 'match', differences: [] });
  });
});

test('a row of another writer is found beside one that the batch accounts for', async () => {
  const { source, target, replication, settle, verify } = await start(SHAPES['a condition']!);
  await target.query(`INSERT INTO task VALUES (77, 'open', 'c77', 'not ours')`);
  await source.query(`BEGIN; ${CHANGES['a state and back']!.join('; ')};
    INSERT INTO task VALUES (77, 'open', 'c77', 'ours'); DELETE FROM task WHERE id = 77; COMMIT`);
  await expect.poll(() => replication.status().problem?.message).toContain('(id=77)');
  expect(replication.status().problem).toMatchObject({ code: 'FICUS_CDC_CONFLICT' });
  expect(replication.status().problem?.message).not.toContain('id=1)');
  await target.query('DELETE FROM task WHERE id = 77');
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});
