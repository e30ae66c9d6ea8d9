/** The embedded cluster at a port that another server occupies: that server is not mistaken for it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startCluster } from '@ficus/tools';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { makeTestDirectory } from '../../parts/test-directory.ts';

let root: string;
beforeEach(async () => {
  root = await makeTestDirectory('taken');
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('another cluster at its port is not mistaken for it', async () => {
  const starting = startCluster({ dataDir: join(root, 'data'), port: inject('postgresPort') });
  await expect(starting).rejects.toThrow('did not start');
});

test('a free port is outside the range of outgoing connections', async () => {
  expect(await freePort()).toBeLessThan(32_768);
});
