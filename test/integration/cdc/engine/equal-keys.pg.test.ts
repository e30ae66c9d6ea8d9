/** Keys under a nondeterministic collation: texts that differ are one key, and a row may go from one to another. */
import { expect, inject, test } from 'vitest';
import { startStreamedPair } from '../rig/streamed-pair.ts';

const TABLE = `CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE item (id text COLLATE any_case PRIMARY KEY, body text);`;

test('a row that leaves, and comes back in another case, is one row', async () => {
  const pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE} INSERT INTO item VALUES ('Key', 'old')`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { retryMs: 50 } },
  });
  try {
    await pair.settle();
    for (const body of ['first', 'second', 'third']) {
      await pair.source.query(`BEGIN; DELETE FROM item; INSERT INTO item VALUES ('kEy', '${body}');
        UPDATE item SET id = 'Key'; COMMIT`);
      await pair.settle();
      const { rows } = await pair.target.query('SELECT id, body FROM item');
      expect(rows).toEqual([{ id: 'Key', body }]);
    }
  } finally {
    await pair.drop();
  }
});
