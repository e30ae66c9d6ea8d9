/** A config file that changes while its proxy starts: the change is not lost. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, test } from 'vitest';
import { readConfigFile } from '../../../proxy/config-file/read-config-file.ts';
import { ReloadTriggers, startProxy } from '../../../proxy/index.ts';
import { ask, until } from './rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server of flags whose first answer waits for the test, which delays the start of the proxy. */
async function heldFlags() {
  const held: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    if (held.length === 0) held.push(response);
    else response.writeHead(500).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.closeAllConnections() ?? server.close());
  return { held, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test.each([
  ['by the file', () => undefined],
  ['by SIGHUP', () => process.emit('SIGHUP')],
])('is applied as soon as it has started, triggered %s', async (_by, tell) => {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-changed-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const { held, url } = await heldFlags();
  const configFile = join(folder, 'ficus.yaml');
  const write = (targetBytes: number): Promise<void> =>
    writeFile(
      configFile,
      JSON.stringify({
        version: 1,
        proxy: { listen: '127.0.0.1:0', limits: { targetBytes }, timeouts: { drainMs: 200 } },
        flags: { provider: 'unleash', unleash: { url, token: 'token' } },
        legacy: { url: 'http://127.0.0.1:9' },
      }),
    );
  await write(5_000);
  const reloads = new ReloadTriggers(configFile);
  const parsed = await readConfigFile(configFile, {});
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const logger = pino({ level: 'silent' });
  const starting = startProxy({ config, reloads, environment: {}, inProcess: true, logger });
  cleanups.push(() => reloads.stopListening());
  cleanups.push(async () => (await starting).stop());
  await until(() => held.length === 1, 'it starts');
  await write(50);
  tell();
  held[0]!.writeHead(500).end();
  const { address } = await starting;
  const status = async () => (await ask(`${address}/${'x'.repeat(60)}`)).status;
  await until(async () => (await status()) === 414, 'applied');
});
