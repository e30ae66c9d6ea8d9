/**
 * A pooler hands the server's sessions to the service's own transactions. What Ficus sets for itself (replica role, time
 * zone, limits, locks) must never reach them: it is noticed before anything is set.
 */

import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { createDatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { startPooler } from '../rig/pooler.ts';

const TABLE = 'CREATE TABLE visits (id int PRIMARY KEY, place text)';
const tables = parseConfigTables([{ from: 'visits', to: 'visits' }]);

type Behind = Omit<Parameters<typeof startPooler>[0], 'port'>;

async function pairBehind(side: 'sourceUrl' | 'targetUrl', behind: Behind) {
  const port = inject('postgresPort');
  const pair = await createDatabasePair(port);
  await pair.source.query(`${TABLE}; INSERT INTO visits VALUES (1, 'here')`);
  await pair.target.query(TABLE);
  const pooler = await startPooler({ port, ...behind });
  const pooledUrl = pair[side].replace(`:${port}`, `:${pooler.port}`);
  const given = {
    slice: 'pooled',
    tables,
    sourceUrl: pair.sourceUrl,
    targetUrl: pair.targetUrl,
    [side]: pooledUrl,
  };
  const replication = openReplication({ ...given, settings: { retryMs: 100 } });
  onTestFinished(async () => {
    await replication.drop().catch(() => undefined);
    pooler.stop();
    await pair.drop();
  });
  return { ...pair, pooledUrl, replication, preflight: () => errorsOf(preflightSlice(given)) };
}

async function errorsOf(checked: ReturnType<typeof preflightSlice>) {
  return (await checked).filter(({ severity }) => severity === 'error');
}

/** Settings of as many of the pooler's sessions as there are transactions at the same time. */
async function sessionsOf(url: string, count: number) {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  const seen = await Promise.all(
    clients.map(async (client) => {
      await client.query('BEGIN');
      const { rows } = await client.query(
        `SELECT current_setting('session_replication_role') AS role, current_setting('TimeZone') AS zone,
                current_setting('row_security') AS policies,
                (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`,
      );
      return rows[0];
    }),
  );
  await Promise.all(clients.map((client) => client.query('ROLLBACK')));
  await Promise.all(clients.map((client) => client.end()));
  return seen;
}

test.each([
  ['the session used last', { gives: 'last', realKeys: false }],
  ['the session unused for longest', { gives: 'first', realKeys: false }],
  ['the session used last, under a key of the server', { gives: 'last', realKeys: true }],
  ['the session unused for longest, under a key of the server', { gives: 'first', realKeys: true }],
] as const)('a pooler of transactions before the target that gives %s', async (_, behind) => {
  const { pooledUrl, preflight, replication } = await pairBehind('targetUrl', behind);
  const before = await sessionsOf(pooledUrl, 1);
  expect(await preflight()).toMatchObject([
    { severity: 'error', path: 'slices.pooled.candidate.database', code: 'FICUS_CDC_POOLER' },
  ]);
  await replication.start();
  expect(replication.status()).toMatchObject({ state: 'stopped', problem: { code: 'FICUS_CDC_POOLER' } });
  expect(await sessionsOf(pooledUrl, 6)).toEqual(Array.from({ length: 6 }, () => before[0]));
});

test('a pooler of sessions before the target that hands them on as they are', async () => {
  const { pooledUrl, preflight, replication } = await pairBehind('targetUrl', {
    gives: 'kept',
    realKeys: true,
  });
  const before = await sessionsOf(pooledUrl, 1);
  expect(await preflight()).toMatchObject([
    {
      path: 'slices.pooled.candidate.database',
      message: expect.stringContaining('stays set for the next one'),
    },
  ]);
  await replication.start();
  expect(replication.status()).toMatchObject({ state: 'stopped', problem: { code: 'FICUS_CDC_POOLER' } });
  expect(await sessionsOf(pooledUrl, 6)).toEqual(Array.from({ length: 6 }, () => before[0]));
});

test('a pooler of transactions before the source', async () => {
  const { preflight, replication } = await pairBehind('sourceUrl', { gives: 'last', realKeys: false });
  expect(await preflight()).toMatchObject([{ path: 'legacy.database', code: 'FICUS_CDC_POOLER' }]);
  await replication.start();
  expect(replication.status()).toMatchObject({ state: 'stopped', problem: { code: 'FICUS_CDC_POOLER' } });
});

test.each([
  ['refuses', 'refused', /unsupported startup parameter/],
  ['opens as an ordinary one', 'ignored', /ordinary/],
] as const)(
  'a pooler of sessions before the source that %s the replication connection',
  async (_, replied, says) => {
    const behind = { gives: 'own', realKeys: false, replication: replied } as const;
    const { preflight, replication } = await pairBehind('sourceUrl', behind);
    expect(await preflight()).toMatchObject([
      {
        severity: 'error',
        path: 'legacy.database',
        code: 'FICUS_CDC_POOLER',
        message: expect.stringMatching(says),
      },
    ]);
    await replication.start();
    expect(replication.status().problem).toMatchObject({
      code: 'FICUS_CDC_POOLER',
      message: expect.stringMatching(says),
    });
  },
);

test.each(['sourceUrl', 'targetUrl'] as const)(
  'a gateway that keeps sessions apart (%s) is no pooler',
  async (side) => {
    const { preflight, replication, source, target } = await pairBehind(side, {
      gives: 'own',
      realKeys: false,
    });
    expect(await preflight()).toEqual([]);
    await replication.start();
    await source.query(`INSERT INTO visits VALUES (2, 'there')`);
    await expect.poll(async () => (await target.query('SELECT * FROM visits')).rowCount).toBe(2);
  },
);
