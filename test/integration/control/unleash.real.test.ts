/** The flag store for Unleash against a real server, and `serve` through the control plane. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { startControl } from '@ficus/control';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestDirectory } from '../../parts/test-directory.ts';
import { startUnleashServer } from '../../parts/unleash-server.ts';
import { createTestDatabase, HandPlayedReplication, silent, testConfig } from './rig.ts';
import { rolloutOf, type SubjectFlag, type UnleashSubject } from './unleash-subject.ts';
import { describeUnleashFlags } from './unleash-suite.ts';

let root: string;
let cluster: EmbeddedCluster;
let server: UnleashSubject;

beforeAll(async () => {
  root = await makeTestDirectory('unleash');
  cluster = await startCluster({ dataDir: join(root, 'data'), settings: { fsync: 'off' } });
  server = await startSubject();
});
afterAll(async () => {
  await server?.stop();
  await cluster?.stop();
  await rm(root, { recursive: true, force: true });
});

describeUnleashFlags('a real Unleash server', async () => ({ ...server, stop: async () => undefined }));

test('serve sets the rollout on the server, with an audit entry', async () => {
  await server.createFlag('pages.serve', [rolloutOf(0, 'pages')], false);
  const database = await createTestDatabase(cluster.port);
  const { url, clientToken: token, adminToken } = server;
  const control = await startControl({
    config: testConfig(database.url, { flags: { provider: 'unleash', unleash: { url, token, adminToken } } }),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });
  try {
    const client = createControlClient(control.address, undefined, 'ada');
    const flip = await client.setServe('pages', { percent: 15, reason: 'first users' });
    expect([flip.previous, flip.percent, flip.slice.stage]).toEqual([0, 15, 'canary']);
    expect(await server.readFlag('pages.serve')).toMatchObject({
      enabled: true,
      strategies: [rolloutOf(15, 'pages')],
    });
    expect(await client.audit({ limit: 1 })).toMatchObject([
      { actor: 'ada', action: 'serve', slice: 'pages', was: { percent: 0 }, became: { percent: 15 } },
    ]);
  } finally {
    await control.stop();
    await database.drop();
  }
});

async function startSubject(): Promise<UnleashSubject> {
  const database = await createTestDatabase(cluster.port, 'unleash');
  const started = await startUnleashServer(database.url);
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${started.url}/admin/projects/default/features${path}`, {
      method,
      headers: { authorization: started.adminToken, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const environment = (name: string) => `/${name}/environments/development`;
  return {
    ...started,
    createFlag: async (name, strategies, enabled) => {
      await ask('POST', '', { name, type: 'release' });
      for (const strategy of strategies) await ask('POST', `${environment(name)}/strategies`, strategy);
      if (enabled) await ask('POST', `${environment(name)}/on`);
      // The server publishes a new flag when it next checks the revision, each second.
      await expect.poll(async () => (await clientFlags(started)).includes(name)).toBe(true);
    },
    readFlag: async (name) => (await ask('GET', environment(name))) as SubjectFlag,
  };
}

async function clientFlags({ url, clientToken }: { url: string; clientToken: string }): Promise<string[]> {
  const response = await fetch(`${url}/client/features`, { headers: { authorization: clientToken } });
  const { features } = (await response.json()) as { features: { name: string }[] };
  return features.map(({ name }) => name);
}
