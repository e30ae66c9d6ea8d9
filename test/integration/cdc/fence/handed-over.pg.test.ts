/** A slice that was cut over, and whose owner is not known any more: its rows at the candidate are the only current ones. */
import { afterEach, expect, inject, test } from 'vitest';
import type { Fence } from '../../../../cdc/fence/fence.ts';
import { openFence } from '../../../../cdc/fence/open-fence.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const TABLE = 'CREATE TABLE orders (id int PRIMARY KEY, note text)';
let pair: StreamedPair | undefined;
let fence: Fence | undefined;
afterEach(async () => {
  await fence?.close();
  await pair?.drop();
});

test('no first copy overwrites them, until the legacy’s fence is opened', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO orders VALUES (1, 'old'), (2, 'deleted since')`,
    targetSql: `${TABLE}; INSERT INTO orders VALUES (1, 'edited at the service')`,
    tables: [{ from: 'orders', to: 'orders' }],
    async onDatabases({ sourceUrl: url }) {
      fence = openFence({
        ...{ slice: 'facts', side: 'legacy', url, tables: ['public.orders'], applierRole: 'postgres' },
      });
      await fence.install({ epoch: 13, mode: 'moved' });
    },
  });
  const { replication, source, target } = pair;
  const problem = () => replication.status().problem;
  await expect.poll(problem).toMatchObject({ code: 'FICUS_CDC_HANDED_OVER' });
  expect((await target.query('SELECT * FROM orders')).rows).toEqual([
    { id: 1, note: 'edited at the service' },
  ]);
  const slots = 'SELECT slot_name FROM pg_replication_slots WHERE database = current_database()';
  expect((await source.query(slots)).rows).toEqual([]);

  const { sourceUrl, targetUrl } = pair;
  const tables = parseConfigTables([{ from: 'orders', to: 'orders' }]);
  const findings = await preflightSlice({ slice: 'facts', tables, sourceUrl, targetUrl });
  const codes = findings.map(({ severity, code }) => `${severity} ${code}`);
  expect(codes).toContain('error FICUS_CDC_HANDED_OVER');
  // Advice to empty the table would destroy the rows.
  expect(JSON.stringify(findings)).not.toContain('TRUNCATE');

  const [statement] = /SELECT setval.*;/.exec(problem()!.message)!;
  await source.query(statement);
  await replication.start();
  await pair.settle();
  expect((await target.query('SELECT note FROM orders ORDER BY id')).rows).toEqual([
    { note: 'old' },
    { note: 'deleted since' },
  ]);
});
