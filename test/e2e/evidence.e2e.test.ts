/** Evidence in the commands: how old, of which version, what a dead candidate does to it, and that it outlives its process. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SliceView } from '@ficus/contract';
import { type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Backend, startBackend } from '../integration/proxy/rig.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, type RunningCommand, runCommand, startCommand, stopAll } from './run-command.ts';
import { fieldOf } from './up-rig.ts';

let directory: string;
let cluster: EmbeddedCluster;
let legacy: Backend;
let candidate: Backend;
let configFile: string;
let version: string;

beforeAll(async () => {
  directory = await makeTestDirectory('evidence');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  await cluster.createDatabase('control');
});
beforeEach(async () => {
  [legacy, candidate] = await Promise.all([startBackend('legacy'), startBackend('candidate')]);
  version = 'build 1';
  legacy.handler = (_, response) => response.setHeader('content-type', 'application/json').end('{"a":1}');
  candidate.handler = (_, response) =>
    response.setHeader('content-type', 'application/json').setHeader('x-version', version).end('{"a":1}');
  configFile = join(directory, 'ficus.yaml');
  await writeFile(
    configFile,
    `version: 1
proxy: { listen: "127.0.0.1:0", workers: 1 }
control: { listen: "127.0.0.1:${await freePort()}", database: "${cluster.url('control')}" }
legacy: { url: "${legacy.url}" }
slices:
  notes:
    candidate: { url: "${candidate.url}", versionHeader: X-Version, breaker: { failures: 3, openMs: 1000 } }
    routes: [{ id: list, path: /api/notes }, { id: get, path: /api/notes/:id }]
`,
  );
});
afterEach(async () => {
  await stopAll();
  await Promise.all([legacy.close(), candidate.close()]);
});
afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

const start = (command: string) => startCommand([FICUS, command, '--config', configFile]);
const ficus = (...args: string[]) => runCommand([FICUS, ...args, '--config', configFile]);
const status = async () => JSON.parse((await ficus('status', 'notes', '--json')).stdout) as SliceView;
const shown = async () => (await ficus('status', 'notes')).stdout;
const patient = { timeout: 60_000 };

async function startControl(): Promise<RunningCommand> {
  const control = start('control');
  await fieldOf(control, 'listening', 'address');
  return control;
}

test('evidence is of a version, outlives the control plane, and is reset', async () => {
  let control = await startControl();
  const address = await fieldOf(start('proxy'), 'listening', 'address');
  expect((await ficus('shadow', 'notes', '100')).status).toBe(0);
  const askUntil = (check: (parity: SliceView['parity']) => boolean) =>
    expect
      .poll(async () => {
        await fetch(`${address}/api/notes`).then((answer) => answer.text());
        return check((await status()).parity);
      }, patient)
      .toBe(true);
  await askUntil(({ compared }) => compared >= 3);
  expect(await shown()).toMatch(
    /parity +100(\.0+)? % of \d+ match of version build 1 .*\n +never compared: get\n/,
  );

  control.child.kill('SIGTERM');
  expect(await control.ended).toMatchObject({ status: 0 });
  control = await startControl();
  const { parity } = await status();
  expect(parity).toMatchObject({ version: 'build 1', ratio: 1 });
  expect(parity.compared).toBeGreaterThanOrEqual(3);

  version = 'build 2';
  await askUntil((found) => found.version === 'build 2');
  expect(await shown()).toMatch(/ of version build 1, the last at .+: does not count\n/);

  const reset = await ficus('parity', 'reset', 'notes', '--reason', 'build 2 is out');
  expect(reset).toMatchObject({ status: 0, stderr: '' });
  expect(reset.stdout).toMatch(/^✓ notes: \d+ comparisons? forgotten/);
  expect((await status()).parity).toMatchObject({ version: 'build 2', earlier: [] });
  expect((await ficus('audit', 'notes')).stdout).toContain('build 2 is out');
  expect(await ficus('parity', 'reset', 'none')).toMatchObject({ status: 2 });
});

test('a dead candidate is not live with an agreement', async () => {
  await startControl();
  const address = await fieldOf(start('proxy'), 'listening', 'address');
  expect((await ficus('serve', 'notes', '100')).status).toBe(0);
  candidate.handler = (request) => request.socket.destroy();
  // Each look follows a request: of a candidate that had none for ten seconds other words are said.
  const askAnd = (look: () => Promise<unknown>) =>
    expect.poll(async () => {
      expect((await fetch(`${address}/api/notes`)).status).toBe(200);
      return look();
    }, patient);
  await askAnd(async () => (await status()).candidate.breakersOpen).toBe(1);
  await askAnd(shown).toMatch(
    /candidate +The candidate does not answer: its circuit breaker is open in 1 worker of the proxies\. The legacy serves its requests\. Failing since \d{4}-\S+Z \(\d+ s\)/,
  );
  await askAnd(async () => (await ficus('status')).stdout).toMatch(/notes +live, candidate does not answer/);
});
