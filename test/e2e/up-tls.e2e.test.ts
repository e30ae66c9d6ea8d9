/**
 * `ficus up` with TLS on both listeners, its own certificate as a client of its own control plane, and commands that reach it
 * with what the config says. The proxy is killed: the next one takes the same port, with TLS.
 */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Backend, startBackend } from '../integration/proxy/rig.ts';
import { type Authority, makeAuthority, type Pair } from '../parts/certificates.ts';
import { secureRequest } from '../parts/secure-client.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, runCommand, startCommand, stopAll } from './run-command.ts';
import { childNamed, fieldOf } from './up-rig.ts';

let directory: string;
let cluster: EmbeddedCluster;
let legacy: Backend;
let authority: Authority;

const at = (name: string): string => join(directory, name);
const write = (name: string, { cert, key }: Pair): void => {
  writeFileSync(at(`${name}.key`), key, { mode: 0o600 });
  writeFileSync(at(`${name}.pem`), cert);
};

/** For `up` with a port of 0; commands get the control plane's address. */
function writeConfig(file: string, control = ''): string {
  writeFileSync(
    at(file),
    `version: 1
proxy: { listen: '127.0.0.1:0', admin: '127.0.0.1:0', tls: { cert: server.pem, key: server.key } }
control:
  listen: '127.0.0.1:0'
  database: ${cluster.url('control')}
  token: admin-of-sixteen-letters
  tls: { cert: server.pem, key: server.key, ca: ca.pem, clientAuth: require }
  client: { ca: ca.pem, cert: edge.pem, key: edge.key, serverName: shop.internal }
${control}
legacy: { url: '${legacy.url}' }
slices:
  notes:
    candidate: { url: '${legacy.url}', credentials: [] }
    routes: [{ id: list, path: /api/notes }]
`,
  );
  return at(file);
}

beforeAll(async () => {
  directory = await makeTestDirectory('up-tls');
  cluster = await startCluster({ dataDir: at('postgres'), settings: { fsync: 'off' } });
  await cluster.createDatabase('control');
  legacy = await startBackend('legacy');
  authority = makeAuthority('authority');
  writeFileSync(at('ca.pem'), authority.cert);
  write('server', authority.issue('server', { names: ['shop.internal'] }));
  write('edge', authority.issue('edge'));
});
afterEach(stopAll);
afterAll(async () => {
  await legacy.close();
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('both listeners speak TLS, and commands and a restarted proxy find them', async () => {
  const up = startCommand([FICUS, 'up', '--config', writeConfig('up.yaml')]);
  const address = await fieldOf(up, 'ready', 'address');
  const control = await fieldOf(up, 'ready', 'controlAddress');
  expect([address, control].map((url) => new URL(url).protocol)).toEqual(['https:', 'https:']);
  const ask = () => secureRequest(`${address}/`, { ca: authority.cert, servername: 'shop.internal' });
  expect((await ask()).text).toBe('legacy /');
  const commands = writeConfig('commands.yaml', `  url: ${control}`);
  const status = await runCommand([FICUS, 'status', '--config', commands]);
  expect(status).toMatchObject({ status: 0, stdout: expect.stringContaining('notes') });
  const flip = await runCommand([FICUS, 'serve', 'notes', '5', '--reason', 'first', '--config', commands]);
  expect(flip).toMatchObject({ status: 0 });
  expect((await runCommand([FICUS, 'audit', '--config', commands])).stdout).toContain('[edge]');
  const before = await childNamed(up.child.pid!, 'proxy');
  process.kill(before!, 'SIGKILL');
  const isReplaced = async () => {
    const now = await childNamed(up.child.pid!, 'proxy');
    return now !== undefined && now !== before && (await ask().catch(() => undefined))?.status === 200;
  };
  await expect.poll(isReplaced, { timeout: 45_000 }).toBe(true);
  up.child.kill('SIGTERM');
  expect(await up.ended).toMatchObject({ status: 0 });
}, 240_000);

test('check names a key that everybody may read, and a certificate that does not fit its key', async () => {
  const config = writeConfig('check.yaml');
  chmodSync(at('edge.key'), 0o644);
  const readable = await runCommand([FICUS, 'check', '--config', config]);
  expect(readable).toMatchObject({ status: 0 });
  expect(readable.stderr).toMatch(/! control\.client\.key: .*edge\.key can be read by every user/);
  chmodSync(at('edge.key'), 0o600);
  write('server', { ...authority.issue('server'), key: makeAuthority('other').key });
  const unfit = await runCommand([FICUS, 'check', '--config', config]);
  expect(unfit).toMatchObject({ status: 3 });
  expect(unfit.stderr).toMatch(/proxy\.tls: .*the key belongs to another certificate/);
});
