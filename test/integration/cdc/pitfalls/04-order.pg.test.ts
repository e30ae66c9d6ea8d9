/**
 * Pitfall 4. Transactions arrive in commit order while the positions of their changes overlap: an engine that orders or
 * skips by the position of a change loses or reorders some, and one that splits a transaction shows half of it. Whole
 * transactions are merged, in the order in which they arrive.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

test('overlapping transactions arrive in the order of their commits', async () => {
  const TABLE = 'CREATE TABLE account (id int PRIMARY KEY, owner text UNIQUE, amount int)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO account SELECT i, 'owner ' || i, 100 FROM generate_series(1, 20) i`,
    targetSql: TABLE,
    tables: [{ from: 'account', to: 'account' }],
  });
  await pair.settle();
  const clients = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const client = new pg.Client({ connectionString: pair?.sourceUrl });
      await client.connect();
      return client;
    }),
  );
  await Promise.all(
    clients.map(async (client, worker) => {
      for (let round = 0; round < 40; round++) {
        const [from, to] = [1 + ((worker * 7 + round) % 20), 1 + ((worker * 3 + round * 5) % 20)].sort(
          (a, b) => a - b,
        );
        await client.query('BEGIN');
        await client.query('UPDATE account SET amount = amount - 1 WHERE id = $1', [from]);
        await client.query('UPDATE account SET amount = amount + 1 WHERE id = $1', [to]);
        // A unique value that moves from one row to another, in one transaction.
        if (from !== to && worker === 0)
          await client.query(
            `WITH t AS (SELECT id, owner FROM account WHERE id IN ($1, $2) ORDER BY id FOR UPDATE) UPDATE account SET owner = 'held ' || account.id FROM t WHERE account.id = t.id`,
            [from, to],
          );
        await client.query(round % 7 === 3 ? 'ROLLBACK' : 'COMMIT');
      }
      await client.end();
    }),
  );
  await pair.settle();
  expect((await pair.target.query('SELECT sum(amount)::int AS sum FROM account')).rows[0].sum).toBe(2000);
  expect(await pair.verify()).toMatchObject({ verdict: 'match' });
});
