/** The control plane while its database fails and returns. Starts a separate cluster, which it kills. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS } from '@ficus/core';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeTestDirectory } from '../../parts/test-directory.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let root: string;
let cluster: EmbeddedCluster;
let database: TestDatabase;
let control: Control | undefined;

const start = (url = database.url) =>
  startControl({
    config: testConfig(url),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });

function startThrough(relay: Relay): Promise<Control> {
  const through = new URL(database.url);
  through.port = String(relay.port);
  return start(through.href);
}

beforeAll(async () => {
  root = await makeTestDirectory('control');
  cluster = await startCluster({ dataDir: join(root, 'data'), settings: { shared_buffers: '16MB' } });
  database = await createTestDatabase(cluster.port);
});
afterAll(async () => {
  await control?.stop();
  await cluster.stop();
  await rm(root, { recursive: true, force: true });
});

it('serves flags while its database is down, refuses changes, and recovers by itself', async () => {
  control = await start();
  const client = createControlClient(control.address);
  await client.setServe('notes', { percent: 30, reason: 'kept' });

  await cluster.kill();
  const { address } = control;
  // A killed server's sessions last until they notice.
  await vi.waitUntil(async () => (await fetch(`${address}/readyz`)).status === 503, { timeout: 30_000 });
  await expect(client.setServe('notes', { percent: 60 })).rejects.toMatchObject({
    code: 'FICUS_DATABASE_UNREACHABLE',
  });
  expect(await client.slice('notes')).toMatchObject({
    flags: { serve: { percent: 30 } },
    rollback: { answer: 'fail', text: expect.stringContaining('The way back is ficus.yaml') },
  });
  const flags = await fetch(`${control.address}/unleash/api/client/features`);
  expect(await (await fetch(`${address}/readyz`)).json()).toMatchObject({ ready: false });
  expect(await flags.text()).toContain('"rollout":"30"');

  await cluster.restart();
  await vi.waitUntil(async () => (await fetch(`${address}/readyz`)).status === 200, { timeout: 30_000 });
  expect((await client.setServe('notes', { percent: 60 })).previous).toBe(30);
  expect((await client.audit({ slice: 'notes' })).map(({ became }) => became)).toEqual([
    { percent: 60 },
    { percent: 30 },
  ]);
});

it('reads what another control plane changed while it had lost its lock', async () => {
  await control?.stop();
  const relay = await startRelay(cluster.port);
  control = await startThrough(relay);
  const client = createControlClient(control.address);
  const link = await openLink(control.address);
  relay.cut(true);
  // The second control plane now holds the lock; the first one waits for it.
  const second = await vi.waitUntil(() => start().catch(() => undefined), { timeout: 30_000, interval: 5 });
  relay.cut(false);
  await createControlClient(second.address).setServe('notes', { percent: 77 });
  await expect(client.setServe('notes', { percent: 1 })).rejects.toMatchObject({
    code: 'FICUS_DATABASE_UNREACHABLE',
  });
  // Proxies leave the one that was replaced: it could renew leases that the other has counted out.
  await link.ended;
  expect((await fetch(control.address + LINK_PATHS.stream)).status).toBe(409);
  expect((await acknowledge(control.address)).status).toBe(409);
  await second.stop();
  await vi.waitUntil(async () => (await fetch(`${control?.address}/readyz`)).status === 200, {
    timeout: 30_000,
  });
  expect((await client.slice('notes')).flags.serve.percent).toBe(77);
  expect((await acknowledge(control.address)).status).toBe(204);
  await control.stop();
  await relay.stop();
});

it('notices a network that drops everything, and recovers afterwards', async () => {
  await control?.stop();
  const relay = await startRelay(cluster.port);
  control = await startThrough(relay);
  const { address } = control;
  const client = createControlClient(address);
  await client.setServe('notes', { percent: 11 });
  const link = await openLink(address);
  relay.swallow(true);
  await expect(client.setServe('notes', { percent: 12 })).rejects.toMatchObject({
    code: 'FICUS_DATABASE_UNREACHABLE',
  });
  relay.swallow(false);
  await vi.waitUntil(async () => (await fetch(`${address}/readyz`)).status === 200, { timeout: 30_000 });
  // Whether the lost answer belonged to a commit is unknowable: the database decides.
  const rows = await database.query(`SELECT percent FROM ficus_control.flag WHERE name = 'notes.serve'`);
  expect((await client.slice('notes')).flags.serve.percent).toBe(rows[0]?.percent);
  // The lock was held by its own session, of which the server knew nothing new.
  expect(link.hasEnded()).toBe(false);
  await control.stop();
  await relay.stop();
});

/** As a proxy has it. */
async function openLink(address: string) {
  const response = await fetch(address + LINK_PATHS.stream);
  let hasEnded = false;
  const ended = (async () => {
    for await (const _ of response.body!);
  })()
    .catch(() => undefined)
    .finally(() => {
      hasEnded = true;
    });
  return { ended, hasEnded: () => hasEnded };
}

const acknowledge = (address: string) =>
  fetch(address + LINK_PATHS.holds, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ proxyId: 'p', number: 1, slices: {} }),
  });

interface Relay {
  readonly port: number;
  /** While true, bytes are dropped and no socket closes. */
  swallow(on: boolean): void;
  /** While true, every connection breaks. */
  cut(on: boolean): void;
  stop(): Promise<void>;
}

async function startRelay(to: number): Promise<Relay> {
  let swallowing = false;
  let cut = false;
  const sockets = new Set<Socket>();
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    if (cut) return near.destroy();
    const far = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => swallowing || into.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => swallowing || into.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    swallow: (on) => {
      swallowing = on;
      // What was lost stays lost: connections from that time are dead once the network is back.
      if (!on) endAll();
    },
    cut: (on) => {
      cut = on;
      if (on) endAll();
    },
    stop: async () => {
      endAll();
      server.close();
      await once(server, 'close');
    },
  };
}
