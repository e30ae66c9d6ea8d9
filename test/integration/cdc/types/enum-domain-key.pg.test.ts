/** PostgreSQL compares a domain over an enum with nothing: the enum's operators do not take it. */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

test('a key of a domain over an enum finds its rows', async () => {
  const table = `CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad', 'happy'); CREATE DOMAIN state AS mood;
    CREATE TABLE item (id state PRIMARY KEY, n int)`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item VALUES ('sad', 1), ('ok', 2), ('glad', 3)`,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
  });
  await pair.settle();
  await pair.source.query(`UPDATE item SET n = n + 10; DELETE FROM item WHERE id::mood = 'ok';
    UPDATE item SET id = 'happy' WHERE id::mood = 'glad'`);
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
});
