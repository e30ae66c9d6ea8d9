/** Once a stream has stopped, its slot can be dropped, moved or read elsewhere at once. */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, name text)';
const SLOT = 'SELECT active FROM pg_replication_slots WHERE database = current_database()';

test('a stopped stream has released its slot, even when stopped under load', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
  });
  const { source, replication, settle, verify } = pair;
  await settle();
  for (let round = 0; round < 6; round++) {
    const rows = round % 2 === 0 ? 20_000 : 1;
    await source.query(
      `INSERT INTO item SELECT ${round} * 20000 + n, repeat('x', 100) FROM generate_series(1, ${rows}) n`,
    );
    await replication.stop();
    expect((await source.query(SLOT)).rows).toEqual([{ active: false }]);
    await replication.start();
  }
  await settle();
  expect(await verify('full')).toMatchObject({ verdict: 'match' });
});
