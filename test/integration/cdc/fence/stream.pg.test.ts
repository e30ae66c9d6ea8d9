/** A stream whose target is fenced from before the first copy: it neither notices nor warns, and only it may write. */
import { afterEach, expect, inject, test } from 'vitest';
import { readDigest } from '../../../../cdc/catalog/read-digest.ts';
import { openFence } from '../../../../cdc/fence/open-fence.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const TABLE = 'CREATE TABLE orders (id int PRIMARY KEY, note text)';
let pair: StreamedPair;
afterEach(() => pair.drop());

test('copied, streamed and verified through a fence that has moved; installed and lifted while it runs', async () => {
  const fence = (url: string, side: 'legacy' | 'candidate') =>
    openFence({ slice: 'facts', side, url, tables: ['public.orders'], applierRole: 'postgres' });
  let candidate!: ReturnType<typeof fence>;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO orders SELECT n, 'copied' FROM generate_series(1, 500) AS n`,
    targetSql: TABLE,
    tables: [{ from: 'orders', to: 'orders' }],
    async onDatabases({ targetUrl, target }) {
      candidate = fence(targetUrl, 'candidate');
      await candidate.install({ epoch: 1, mode: 'moved' });
      await expect(target.query(`INSERT INTO orders VALUES (0, 'stray')`)).rejects.toMatchObject({
        code: 'FI001',
      });
    },
  });
  await pair.settle();
  await pair.source.query(
    `INSERT INTO orders VALUES (501, 'streamed'); DELETE FROM orders WHERE id = 1; TRUNCATE orders; INSERT INTO orders VALUES (502, 'last')`,
  );
  await pair.settle();
  expect((await pair.target.query('SELECT * FROM orders')).rows).toEqual([{ id: 502, note: 'last' }]);
  expect(await pair.verify()).toMatchObject({ verdict: 'match' });

  const legacy = fence(pair.sourceUrl, 'legacy');
  const digest = await readDigest(pair.source, ['public.orders']);
  await legacy.install({ epoch: 1, mode: 'observe' });
  // No altered table, for which a session would begin again.
  expect(await readDigest(pair.source, ['public.orders'])).toBe(digest);
  await pair.source.query(`INSERT INTO orders VALUES (503, 'observed')`);
  await pair.settle();
  const { sourceUrl, targetUrl } = pair;
  const findings = await preflightSlice({
    slice: 'facts',
    tables: parseConfigTables([{ from: 'orders', to: 'orders' }]),
    sourceUrl,
    targetUrl,
  });
  expect(findings.filter(({ message }) => message.includes('00_ficus'))).toEqual([]);
  expect(await legacy.notes()).toHaveLength(1);
  await candidate.turn({
    expected: { epoch: 1, mode: 'moved' },
    wanted: { epoch: 2, mode: 'armed' },
    drainMs: 1_000,
  });
  await pair.source.query(`INSERT INTO orders VALUES (504, 'after')`);
  await pair.settle();
  expect(pair.replication.status().problem).toBe(undefined);
  await Promise.all([candidate.close(), legacy.close()]);
});
