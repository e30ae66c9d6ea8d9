/**
 * Pitfall 5. An UPDATE does not carry the large values that it did not change, and an engine that reads their absence
 * as null empties them on the target. Here unsent is a value of its own: such rows are updated by the set of sent
 * columns, completed from the old row under FULL, or read again from the source where an expression needs all of them.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = `CREATE TABLE doc (id int PRIMARY KEY, title text, body text, more text);
  ALTER TABLE doc ALTER body SET STORAGE EXTERNAL, ALTER more SET STORAGE EXTERNAL`;

/** One transaction each: alone in a batch or merged with others, the result is the same. */
const CHANGES = [
  `UPDATE doc SET title = 'changed' WHERE id = 1`,
  `UPDATE doc SET body = repeat('new ', 3000) WHERE id = 1; UPDATE doc SET title = 'again' WHERE id = 1`,
  `UPDATE doc SET more = NULL WHERE id = 2; UPDATE doc SET title = 'more is null' WHERE id = 2`,
  `INSERT INTO doc VALUES (4, 'new', repeat('body ', 3000), 'm'); UPDATE doc SET title = 'newer' WHERE id = 4`,
  `UPDATE doc SET id = 30 WHERE id = 3`,
  `UPDATE doc SET id = 31, title = 'moved twice' WHERE id = 30`,
  `INSERT INTO doc VALUES (5, 't', repeat('b', 9000), repeat('m', 9000)); UPDATE doc SET id = 50 WHERE id = 5; DELETE FROM doc WHERE id = 2`,
  `UPDATE doc SET id = 2 WHERE id = 1; INSERT INTO doc VALUES (1, 'reused', repeat('r', 9000), NULL)`,
];

describe.each([
  ['primary key', ''],
  ['replica identity FULL', '; ALTER TABLE doc REPLICA IDENTITY FULL'],
])('large values with %s', (_, identity) => {
  test.each([
    ['carried over', { from: 'doc', to: 'doc' }],
    [
      'mixed into one expression',
      {
        from: 'doc',
        to: 'doc',
        columns: {
          id: 'id',
          title: { sql: `title || length(body)`, from: ['title', 'body'] },
          body: 'body',
          more: 'more',
        },
      },
    ],
  ])('values %s', async (_name, table) => {
    pair = await startStreamedPair(inject('postgresPort'), {
      sourceSql: `${TABLE}${identity}; INSERT INTO doc SELECT i, 'title', repeat('body' || i, 3000), repeat('more' || i, 3000) FROM generate_series(1, 3) i`,
      targetSql: TABLE,
      tables: [table],
    });
    await pair.settle();
    for (const change of CHANGES) await pair.source.query(`BEGIN; ${change}; COMMIT`);
    await pair.settle();
    await pair.replication.stop();
    // Again, all in one batch.
    for (const change of [
      `DELETE FROM doc`,
      `INSERT INTO doc SELECT i, 'title', repeat('body' || i, 3000), repeat('more' || i, 3000) FROM generate_series(1, 3) i`,
      ...CHANGES,
    ])
      await pair.source.query(`BEGIN; ${change}; COMMIT`);
    await pair.replication.start();
    await pair.settle();
    expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
    expect((await pair.target.query('SELECT id FROM doc ORDER BY id')).rows.map((row) => row.id)).toEqual([
      1, 2, 4, 31, 50,
    ]);
  });
});
