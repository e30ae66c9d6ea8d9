/**
 * The notifications contract through the proxy, as customers experience a migration: they log in at the monolith, and
 * the flag decides which side answers. The slice has no tables here, so that the flag moves its writes as well.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flagName, percentFlag } from '@ficus/core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readSlice } from './fill-through-mapping.ts';
import { describeNotificationsContract } from './notifications-contract.ts';
import { mappedService, seededShop } from './sample-databases.ts';
import { startProcess } from './sample-process.ts';
import { type ContractSubject, IDENTITY_SECRET, monolithOver, serviceOver } from './sample-subjects.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const { routes } = readSlice();

let monolith: ContractSubject;
let service: ContractSubject;

// Shared by all proxies: each suite writes on one side only, and the last test only reads.
beforeAll(async () => {
  const port = inject('postgresPort');
  const shop = await seededShop(port);
  const database = await mappedService(port, shop);
  monolith = await monolithOver(shop, [shop]);
  service = await serviceOver(database, [database]);
});
afterAll(async () => {
  for (const subject of [monolith, service]) await subject?.[Symbol.asyncDispose]();
});

/** A proxy in front of both; the service serves `percent` of the users. */
async function startProxy(percent: number): Promise<ContractSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'ficus-contract-'));
  const features = [percentFlag(flagName('notifications', 'serve'), 'notifications', percent)];
  await writeFile(join(directory, 'flags.json'), JSON.stringify({ version: 2, features }));
  // JSON is YAML.
  const config = {
    version: 1,
    proxy: {
      listen: '127.0.0.1:0',
      expose: true,
      identify: {
        user: { cookie: 'sid', introspect: '/internal/whoami' },
        assert: { secret: IDENTITY_SECRET },
      },
    },
    flags: { provider: 'file', file: join(directory, 'flags.json') },
    legacy: { url: monolith.address },
    slices: { notifications: { candidate: { url: service.address }, routes } },
  };
  await writeFile(join(directory, 'ficus.yaml'), JSON.stringify(config));
  const proxy = await startProcess(join(ROOT, 'cli/bin/ficus.js'), {
    args: ['proxy', '--config', join(directory, 'ficus.yaml')],
    environment: { HOME: directory },
  });
  const probe = await fetch(`${proxy.address}/api/notifications`, { headers: await monolith.as(1) });
  await probe.body?.cancel();
  // Otherwise a suite could pass on the wrong side.
  if (percent !== 50) expect(probe.headers.get('x-ficus-side')).toBe(percent === 0 ? 'legacy' : 'candidate');
  return {
    address: proxy.address,
    as: (customer) => monolith.as(customer),
    [Symbol.asyncDispose]: async () => {
      await proxy.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describeNotificationsContract('monolith behind the proxy', () => startProxy(0));
describeNotificationsContract('service behind the proxy', () => startProxy(100));

describe('half of the users', () => {
  it('are served by the service without noticing', { timeout: 120_000 }, async () => {
    await using migration = await startProxy(50);
    const sides = new Map<string | null, number>();
    for (let customer = 1; customer <= 60; customer += 1) {
      const headers = await migration.as(customer);
      const first = await fetch(`${migration.address}/api/notifications?limit=5`, { headers });
      const second = await fetch(`${migration.address}/api/notification-preferences`, { headers });
      expect([first.status, second.status]).toEqual([200, 200]);
      const side = first.headers.get('x-ficus-side');
      expect(second.headers.get('x-ficus-side')).toBe(side);
      await Promise.all([first.text(), second.text()]);
      sides.set(side, (sides.get(side) ?? 0) + 1);
    }
    expect([...sides.keys()].toSorted()).toEqual(['candidate', 'legacy']);
    for (const users of sides.values()) expect(users).toBeGreaterThan(15);
  });
});
