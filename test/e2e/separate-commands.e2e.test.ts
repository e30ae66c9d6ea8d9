/** `ficus control` and `ficus proxy` as two commands, started and stopped in any order. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ask } from '../integration/proxy/rig.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, runCommand, startCommand, stopAll } from './run-command.ts';
import { fieldOf, makeUpRig, type UpRig } from './up-rig.ts';

/** Each look is a whole process. */
const PATIENCE = { timeout: 45_000 };

let directory: string;
let cluster: EmbeddedCluster;
let rig: UpRig;

beforeAll(async () => {
  directory = await makeTestDirectory('separate');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  await cluster.createDatabase('control');
});
beforeEach(async () => {
  rig = await makeUpRig(directory, cluster.url('control'), await freePort());
});
afterEach(async () => {
  await stopAll();
  await rig.close();
});
afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

const run = (command: string) => startCommand([FICUS, command, '--config', rig.configFile]);

test('a proxy that starts first connects to the control plane later', async () => {
  const proxy = run('proxy');
  const address = await fieldOf(proxy, 'listening', 'address');
  const side = async () => (await ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } })).side;
  expect(await side()).toBe('legacy');

  const control = run('control');
  const controlAddress = await fieldOf(control, 'listening', 'address');
  await createControlClient(controlAddress).setServe('notes', { percent: 100, reason: 'test' });
  await expect.poll(side).toBe('candidate');

  const second = await runCommand([FICUS, 'control', '--config', rig.configFile]);
  expect([second.status, second.stdout]).toEqual([3, '']);
  expect(second.stderr).toContain('control.listen');

  await rig.write('/api/other');
  await control.until('config applied');
  control.child.kill('SIGTERM');
  expect(await control.ended).toMatchObject({ status: 0, stderr: '' });
  expect((await ask(`${address}/api/other`, { headers: { cookie: 'sid=a' } })).side).toBe('candidate');
  proxy.child.kill('SIGTERM');
  expect(await proxy.ended).toMatchObject({ status: 0, stderr: '' });
});

test('a refused config: status names both processes and exits 1, readiness and metrics say so', async () => {
  const controlAddress = await fieldOf(run('control'), 'listening', 'address');
  await fieldOf(run('proxy'), 'listening', 'address');
  const status = () => runCommand([FICUS, 'status', '--config', rig.configFile]);
  await expect.poll(async () => (await status()).status, PATIENCE).toBe(0);
  await rig.write('no-path');
  await expect
    .poll(async () => (await status()).stdout, PATIENCE)
    .toMatch(/the control plane still runs .+\n +slices\.notes\.routes\[0\]\.path: /);
  await expect
    .poll(async () => (await status()).stdout, PATIENCE)
    .toMatch(/the proxy still runs .+\n +slices\.notes\.routes\[0\]\.path: /);
  expect((await status()).status).toBe(1);
  const ready = await fetch(`${controlAddress}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    200,
    expect.objectContaining({ config: expect.stringContaining('slices.notes.routes[0].path') }),
  ]);
  expect(await (await fetch(`${controlAddress}/metrics`)).text()).toContain('\nficus_config_refused 1\n');
  await rig.write();
  await expect.poll(async () => (await status()).status, PATIENCE).toBe(0);
});

test('with named tokens, proxy and commands send each their own, and nothing else gets in', async () => {
  const text = await readFile(rig.configFile, 'utf8');
  const tokens = `tokens: [{ name: edge, roles: [report], token: token-of-the-edge }, { name: bot, roles: [operate], token: token-of-the-bot }]`;
  await writeFile(rig.configFile, text.replace('control: {', `control: { ${tokens},`));
  const controlAddress = await fieldOf(run('control'), 'listening', 'address');
  const address = await fieldOf(run('proxy'), 'listening', 'address');
  const serve = await runCommand([FICUS, 'serve', 'notes', '100', '--config', rig.configFile]);
  expect(serve).toMatchObject({ status: 0, stderr: '' });
  const side = async () => (await ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } })).side;
  await expect.poll(side).toBe('candidate');
  const client = createControlClient(controlAddress, 'token-of-the-bot');
  expect((await client.audit({ limit: 1 }))[0]?.actor).toMatch(/^bot \(.+\)$/);
  await expect.poll(async () => (await client.proxies()).length).toBe(1);
  await expect(createControlClient(controlAddress, 'token-of-the-edge').slices()).rejects.toMatchObject({
    code: 'FICUS_CONTROL_ROLE_MISSING',
  });
  await expect(createControlClient(controlAddress).slices()).rejects.toMatchObject({
    code: 'FICUS_CONTROL_TOKEN_MISSING',
  });
});

test('a proxy that a replaced token cuts off cannot report it: status asks it at proxy.admin', async () => {
  const text = (await readFile(rig.configFile, 'utf8')).replace('proxy: {', 'proxy: { admin: "127.0.0.1:0",');
  const withToken = (token: string) =>
    writeFile(rig.configFile, text.replace('control: {', `control: { token: ${token},`));
  await withToken('the-token-of-before');
  await fieldOf(run('control'), 'listening', 'address');
  const proxy = run('proxy');
  await proxy.until('admin listening');
  const status = () => runCommand([FICUS, 'status', '--config', rig.configFile]);
  await expect.poll(async () => (await status()).status, PATIENCE).toBe(0);
  await withToken('the-token-of-today');
  await proxy.until('control plane unreachable');
  expect(await status()).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/notes.+the proxy at 127\.0\.0\.1:\d+ still runs .+ is restarted/s),
  });
});

test.each(['check', 'control', 'proxy', 'up'])(
  'ficus %s refuses a control plane open to the network',
  async (command) => {
    const file = join(directory, `open-${command}.yaml`);
    const control = `{ listen: "0.0.0.0:0", database: "${cluster.url('control')}" }`;
    await writeFile(file, `version: 1\ncontrol: ${control}\nlegacy: { url: http://127.0.0.1:9 }\n`);
    const result = await runCommand([FICUS, command, '--config', file]);
    expect([result.status, result.stdout]).toEqual([1, '']);
    expect(result.stderr).toContain('control.token: is required');
  },
);

test.each(['control', 'up'])('ficus %s without a database for its control plane says so', async (command) => {
  const file = join(directory, `no-database-${command}.yaml`);
  await writeFile(file, 'version: 1\nlegacy: { url: http://127.0.0.1:9 }\n');
  const result = await runCommand([FICUS, command, '--config', file]);
  expect([result.status, result.stdout]).toEqual([1, '']);
  expect(result.stderr).toContain('control.database');
});

test('ficus proxy does not start where it cannot find its control plane', async () => {
  const file = join(directory, 'free-port.yaml');
  await writeFile(
    file,
    `version: 1\ncontrol: { listen: "127.0.0.1:0", database: "${cluster.url('control')}" }\nlegacy: { url: http://127.0.0.1:9 }\n`,
  );
  const result = await runCommand([FICUS, 'proxy', '--config', file]);
  expect([result.status, result.stdout]).toEqual([1, '']);
  expect(result.stderr).toContain('control.listen');
});

test('beside another control plane on its database, ficus up serves, says once that it waits, and then takes over', async () => {
  const first = run('control');
  await fieldOf(first, 'listening', 'address');
  const file = join(directory, 'beside.yaml');
  const config = await readFile(rig.configFile, 'utf8');
  await writeFile(file, config.replace(/(control: \{ listen: "127\.0\.0\.1):\d+/, '$1:0'));
  const second = startCommand([FICUS, 'up', '--config', file]);
  const address = await fieldOf(second, 'listening', 'address');
  expect((await ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } })).side).toBe('legacy');
  const waiting = 'control plane waits until the other one has ended';
  await second.until(waiting);
  first.child.kill('SIGTERM');
  const log = await second.until('"msg":"ready"');
  expect(log.split(waiting)).toHaveLength(2);
  expect(log).not.toContain('exited unexpectedly');
});

test('a killed ficus up can be restarted at once, on the same port', async () => {
  const first = run('up');
  await fieldOf(first, 'ready', 'address');
  first.child.kill('SIGKILL');
  const second = run('up');
  await fieldOf(second, 'ready', 'address');
});

test('a second Ctrl-C ends ficus up and its processes at once', async () => {
  const up = run('up');
  const address = await fieldOf(up, 'ready', 'address');
  let isWaiting = false;
  rig.legacy.handler = () => {
    isWaiting = true;
  };
  const answer = ask(`${address}/slow`).catch(() => 'cut');
  await expect.poll(() => isWaiting).toBe(true);
  let status: number | null | undefined;
  void up.ended.then((result) => {
    status = result.status;
  });
  await expect
    .poll(() => {
      up.child.kill('SIGINT');
      return status;
    })
    .toBe(3);
  expect(await answer).toBe('cut');
});
