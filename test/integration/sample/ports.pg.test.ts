/**
 * A free port that another program took first: another port is chosen, and the other server is not mistaken for ours.
 */
import { rm } from 'node:fs/promises';
import { Server } from 'node:net';
import { join } from 'node:path';
import { startCluster } from '@ficus/tools';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { makeTestDirectory } from '../../parts/test-directory.ts';

let directory: string;
beforeEach(async () => {
  directory = await makeTestDirectory('ports');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true, force: true });
});

test('a cluster whose port was taken by another PostgreSQL', async () => {
  const taken = { address: '127.0.0.1', family: 'IPv4', port: inject('postgresPort') };
  vi.spyOn(Server.prototype, 'address').mockReturnValueOnce(taken);
  const dataDir = join(directory, 'data');
  const cluster = await startCluster({ dataDir, settings: { fsync: 'off' } });
  try {
    const client = new pg.Client({ connectionString: cluster.url('postgres') });
    await client.connect();
    const { rows } = await client.query('SHOW data_directory');
    await client.end();
    expect(rows).toEqual([{ data_directory: dataDir }]);
  } finally {
    await cluster.stop();
  }
});
