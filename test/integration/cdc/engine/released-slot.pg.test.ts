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
    const began = performance.now();
    await replication.stop();
    const inUse = async () => (await source.query(SLOT)).rows[0].active;
    // A stop waits a second for a server that is slow to end the session.
    if (performance.now() - began < 1_000) expect(await inUse()).toBe(false);
    else await expect.poll(inUse).toBe(false);
    await replication.start();
  }
  await settle();
  expect(await verify('full')).toMatchObject({ verdict: 'match' });
});
