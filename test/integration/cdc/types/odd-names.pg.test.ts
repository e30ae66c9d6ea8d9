/** Names that SQL accepts only in quotes, in every place where a name can occur. */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = (schema: string, name: string) => `CREATE SCHEMA "${schema}";
  CREATE TYPE "${schema}"."order state" AS ENUM ('new', 'it''s');
  CREATE TABLE "${schema}"."${name}" ("the key" int, "Größe" numeric, "a%b\\c" text, "select" "${schema}"."order state",
    PRIMARY KEY ("the key", "Größe"))`;

test('tables, columns, schemas and types with names that need quotes', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE('my shop', 'user-events')};
      INSERT INTO "my shop"."user-events" SELECT n, n, 'text ' || n, 'new' FROM generate_series(1, 20) AS n`,
    targetSql: TABLE('Ziel', 'it\'s $1 "".ünïcode'),
    tables: [{ from: 'my shop.user-events', to: `Ziel."it's $1 "".ünïcode"` }],
  });
  const { source, target } = pair;
  await pair.settle();
  await source.query(`UPDATE "my shop"."user-events" SET "a%b\\c" = 'changed', "select" = 'it''s' WHERE "the key" < 4;
    UPDATE "my shop"."user-events" SET "Größe" = 99 WHERE "the key" = 5;
    DELETE FROM "my shop"."user-events" WHERE "the key" = 7;
    INSERT INTO "my shop"."user-events" VALUES (21, 1.5, NULL, NULL)`);
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { target: 20 } });
  await target.query(`UPDATE "Ziel"."it's $1 "".ünïcode" SET "a%b\\c" = 'by hand' WHERE "the key" = 2`);
  expect(await pair.verify()).toMatchObject({
    verdict: 'mismatch',
    differences: [
      { kind: 'different', columns: [{ name: 'a%b\\c', expected: 'changed', found: 'by hand' }] },
    ],
  });
  await source.query('TRUNCATE "my shop"."user-events"');
  await pair.settle();
  expect((await target.query(`SELECT FROM "Ziel"."it's $1 "".ünïcode"`)).rowCount).toBe(0);
});
