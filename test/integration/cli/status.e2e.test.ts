/** `ficus status` against a proxy without a control plane: what it knows, and that it runs an older config than its file. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentFlag } from '@ficus/core';
import { freePort } from '@ficus/tools';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, type RunningCommand, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { fieldOf } from '../../e2e/up-rig.ts';
import { type Backend, startBackend } from '../proxy/rig.ts';

let folder: string;
let file: string;
let admin: number;
let legacy: Backend;
let candidate: Backend;

const write = (path = '/api/notes', more = '') =>
  writeFile(
    file,
    `version: 1
proxy: { listen: "127.0.0.1:0", admin: "127.0.0.1:${admin}", workers: 1, identify: { user: { cookie: sid } } }
flags: { provider: file, file: flags.json }
legacy: { url: "${legacy.url}" }
${more}
slices:
  notes:
    candidate: { url: "${candidate.url}" }
    routes: [{ id: list, methods: [GET], path: ${path} }]
  parcels:
    candidate: { url: "${candidate.url}" }
    routes: [{ id: all, path: /api/parcels }]
`,
  );

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-status-'));
  file = join(folder, 'ficus.yaml');
  admin = await freePort();
  [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  await write();
  const features = [percentFlag('notes.serve', 'notes', 100)];
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ version: 2, features, segments: [] }));
});
afterEach(async () => {
  await stopAll();
  await Promise.all([legacy.close(), candidate.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function startProxy(): Promise<{ proxy: RunningCommand; address: string }> {
  const proxy = startCommand([FICUS, 'proxy', '--config', file]);
  const address = await fieldOf(proxy, 'listening', 'address');
  await proxy.until('admin listening');
  return { proxy, address };
}

const status = (...args: string[]) => runCommand([FICUS, 'status', ...args, '--config', file]);

test('without a control plane, the proxy says what it knows, and the command what is not known', async () => {
  const { address } = await startProxy();
  for (const user of ['a', 'b', 'c'])
    await fetch(`${address}/api/notes`, { headers: { cookie: `sid=${user}` } });
  await expect
    .poll(async () => (await status()).stdout)
    .toMatch(/notes +none +100 % +100 % +0 % +0 \+ 3 +0 \+ 0 +closed +0\n/);
  const { status: exit, stdout, stderr } = await status();
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toContain('no control plane: not known here are parity');
  expect(stdout).toMatch(/workers +1 of 1 serve/);
  expect(stdout).toMatch(/flags +file .+flags\.json: received \d+ s ago/);
  expect(stdout).toMatch(/parcels +none +0 % +– /);
  const one = JSON.parse((await status('notes', '--json')).stdout);
  expect(one).toMatchObject({
    from: 'proxy',
    proxy: { slices: [{ name: 'notes', serve: 100, routes: [{ id: 'list' }] }] },
    controlFailure: null,
  });
  // The control plane's slices have another shape: the key is its alone.
  expect(one).not.toHaveProperty('slices');
  expect((await status('letters')).status).toBe(2);
});

test('an open breaker is shown', async () => {
  const { address } = await startProxy();
  candidate.handler = (_, response) => response.writeHead(500).end();
  const headers = { cookie: 'sid=a' };
  // As many in a row open it; it stays open until another request is its probe.
  for (let count = 0; count < 5; count += 1) await fetch(`${address}/api/notes`, { headers });
  await expect.poll(async () => (await status()).stdout).toMatch(/notes .* open in 1 /);
});

test('what health checks find is shown', async () => {
  const text = await readFile(file, 'utf8');
  const health = 'health: { path: /health, intervalMs: 100 }';
  await writeFile(
    file,
    text.replace(`legacy: { url: "${legacy.url}"`, `legacy: { url: "${legacy.url}", ${health}`),
  );
  await startProxy();
  await expect.poll(async () => (await status()).stdout).toMatch(/health +legacy healthy\n/);
  legacy.handler = (_, response) => response.writeHead(503).end();
  await expect
    .poll(async () => (await status()).stdout)
    .toMatch(/health +legacy unhealthy \(127\.0\.0\.1: it answered 503\)\n/);
});

test('a reload that is refused: status names the problems and since when, and exits 1', async () => {
  const { proxy } = await startProxy();
  await write('/api/notes', 'legacyy: 1');
  await proxy.until('config refused: the old one stays in place');
  const refused = await status();
  expect(refused.status).toBe(1);
  expect(refused.stdout).toMatch(
    /the proxy still runs the config of \S+Z: the changed file has been refused since \S+Z \(\d+ s\)\n +legacyy: is not a known key/,
  );
  expect(refused.stderr).toContain('legacyy: is not a known key');
  // Not even YAML.
  await writeFile(file, `${await readFile(file, 'utf8')}\n}}: [`);
  await expect
    .poll(async () => (await status()).stdout)
    .toMatch(/refused since .+\n +\(whole file\): line \d+/);
  const ready = await fetch(`http://127.0.0.1:${admin}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    200,
    expect.objectContaining({
      config: expect.stringMatching(/^refused since \S+: FICUS_CONFIG_INVALID$/),
    }),
  ]);
  const metrics = async () => (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  expect(await metrics()).toContain('\nficus_config_refused 1\n');
  expect(JSON.parse((await status('--json')).stdout)).toMatchObject({
    olderConfig: [{ process: 'the proxy', refused: { count: expect.any(Number) } }],
  });
  await write();
  await proxy.until('config valid again: it is the running one');
  expect(await metrics()).toContain('\nficus_config_refused 0\n');
  expect(await status()).toMatchObject({ status: 0, stderr: '' });
});

test('flags that are refused: status and check say so, and since when', async () => {
  const { proxy } = await startProxy();
  const flags = join(folder, 'flags.json');
  const valid = await readFile(flags, 'utf8');
  await writeFile(flags, '{ "features": [{ "name": 5 }] }');
  await proxy.until('flags file');
  const refused = await status();
  expect(refused.status).toBe(1);
  expect(refused.stdout).toMatch(
    /flags +file .+: received \d+ s ago \(.+\); flags file .+ refused: features\[0\]/,
  );
  expect(refused.stdout).toMatch(
    /refused since \S+Z \(\d+ s\)\n +flags\.file: .+features\[0\]\.name: must be a text.+; the last flags stay in place/,
  );
  const check = await runCommand([FICUS, 'check', '--config', file]);
  expect(check.status).toBe(3);
  expect(check.stderr).toContain('features[0].name: must be a text');
  await writeFile(flags, valid);
  await expect.poll(async () => (await status()).status).toBe(0);
  expect((await runCommand([FICUS, 'check', '--config', file])).status).toBe(0);
});

test('valid for the file, and not for the running proxy: it needs a restart', async () => {
  const { proxy } = await startProxy();
  await writeFile(file, (await readFile(file, 'utf8')).replace('workers: 1', 'workers: 2'));
  await proxy.until('config waits for a restart: the old one stays in place');
  const { config } = (await (await fetch(`http://127.0.0.1:${admin}/readyz`)).json()) as { config: string };
  expect(config).toMatch(/^valid, and waits for a restart since \S+Z$/);
  const { status: exit, stdout, stderr } = await status();
  expect([exit, stderr]).toEqual([1, '']);
  expect(stdout).toContain('proxy.workers: cannot change while the proxy runs; restart the proxy');
  expect(stdout).toContain('the changed file has waited for a restart since');
  expect(stdout).toContain('the file is valid: it takes effect when the proxy is restarted');
  expect(stdout).not.toContain('takes effect by itself');
  expect((await runCommand([FICUS, 'check', '--config', file])).status).toBe(0);
});

test('a control plane that does not answer: the proxy is asked, and the status is 3', async () => {
  const control = await freePort();
  await write('/api/notes', `control: { listen: "127.0.0.1:${control}" }`);
  await startProxy();
  const { status: exit, stdout } = await status();
  expect(exit).toBe(3);
  expect(stdout).toContain(
    `No control plane answers at http://127.0.0.1:${control}. What follows is the proxy’s own`,
  );
  expect(stdout).toMatch(/control +http:\/\/127\.0\.0\.1:\d+, not connected/);
});

test('nothing answers, or there is nothing to ask', async () => {
  const away = await status();
  expect(away).toMatchObject({ status: 3, stdout: '' });
  expect(away.stderr).toContain(`No proxy answers at 127.0.0.1:${admin} (proxy.admin)`);
  await writeFile(file, (await readFile(file, 'utf8')).replace(/admin: "[^"]+", /, ''));
  const nowhere = await status();
  expect(nowhere.status).toBe(3);
  expect(nowhere.stderr).toContain('FICUS_STATUS_NOWHERE');
});
