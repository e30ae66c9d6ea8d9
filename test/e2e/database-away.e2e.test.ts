/** While the control database is away, built-in flags cannot be set: the way back that the command then names works. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ask } from '../integration/proxy/rig.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, runCommand, stopAll } from './run-command.ts';
import { fieldOf, makeUpRig, type UpRig } from './up-rig.ts';

let directory: string;
let cluster: EmbeddedCluster;
let rig: UpRig;

beforeAll(async () => {
  directory = await makeTestDirectory('database-away');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  await cluster.createDatabase('control');
  rig = await makeUpRig(directory, cluster.url('control'), await freePort());
});
afterEach(stopAll);
afterAll(async () => {
  await rig.close();
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

const serve = (percent: string) => runCommand([FICUS, 'serve', 'notes', percent, '--config', rig.configFile]);

test('the share stays as it is; without the slice in ficus.yaml the legacy serves all of it, and with it again as before', async () => {
  const up = rig.start();
  const address = await fieldOf(up, 'ready', 'address');
  /** Who answered: it says so in its body. */
  const servedBy = async () =>
    /legacy|candidate/.exec((await ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } })).text)?.[0];
  expect(await serve('100')).toMatchObject({ status: 0 });
  await expect.poll(servedBy).toBe('candidate');

  await cluster.kill();
  await up.until('control database lost');
  const refused = await serve('0');
  expect(refused).toMatchObject({ status: 3, stdout: '' });
  expect(refused.stderr).toContain('FICUS_DATABASE_UNREACHABLE');
  expect(refused.stderr).toContain('proxies continue with the share that they last received');
  expect(refused.stderr).toContain('take the slice notes out of it');
  expect(await servedBy()).toBe('candidate');

  const text = await readFile(rig.configFile, 'utf8');
  await writeFile(rig.configFile, text.replace(/^slices:[\s\S]*/m, 'slices: {}\n'));
  await expect.poll(servedBy).toBe('legacy');

  await cluster.restart();
  await writeFile(rig.configFile, text);
  await expect.poll(async () => (await serve('0')).status, { timeout: 45_000 }).toBe(0);
  await expect.poll(servedBy).toBe('legacy');
});
