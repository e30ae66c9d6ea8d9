/** What a database's defaults do not change for sessions of the engine. */
import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { applySessionSettings } from '../../../../cdc/catalog/session-settings.ts';
import { createEmptyDatabase } from '../../../parts/empty-database.ts';

test('where transactions are serializable by default, ours are not: what they read would let others fail', async () => {
  const { url, drop } = await createEmptyDatabase(inject('postgresPort'), 'settings');
  const connect = async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  };
  const admin = await connect();
  const database = new URL(url).pathname.slice(1);
  await admin.query(`ALTER DATABASE "${database}" SET default_transaction_isolation = 'serializable'`);
  const client = await connect();
  await applySessionSettings(client);
  expect((await client.query('SHOW transaction_isolation')).rows).toEqual([
    { transaction_isolation: 'read committed' },
  ]);
  await Promise.all([admin.end(), client.end()]);
  await drop();
});
