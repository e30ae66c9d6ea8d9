/** `ficus serve SLICE 0` reaches the proxy that runs, whatever has become of its ficus.yaml since it started. */
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { FICUS, type RunningCommand, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

let folder: string;
let sides: Server[];
let good: string;
/** At 100 %. */
let flags: string;
let proxy: RunningCommand;
let address: string;

const config = () => join(folder, 'ficus.yaml');
const ficus = (...args: string[]) => runCommand([FICUS, ...args, '--config', config()]);
const served = async () => (await fetch(`${address}/notes`)).text();
const line = (text: string, message: string) =>
  JSON.parse(text.split('\n').find((one) => one.includes(`"msg":"${message}"`))!) as { address: string };

const urlOf = (side: Server) => `http://127.0.0.1:${(side.address() as AddressInfo).port}`;

beforeAll(async () => {
  folder = await makeTestDirectory('way-back-running');
  sides = ['legacy', 'candidate'].map((name) => createServer((_, answer) => answer.end(name)));
  await Promise.all(sides.map((side) => new Promise<void>((done) => side.listen(0, '127.0.0.1', done))));
  good = `version: 1
proxy: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", workers: 1 }
flags: { provider: file, file: flags.json }
legacy: { url: "${urlOf(sides[0]!)}" }
slices:
  notes:
    candidate: { url: "${urlOf(sides[1]!)}" }
    routes: [{ id: list, path: /notes }]
`;
  await writeFile(config(), good);
  await ficus('serve', 'notes', '100');
  flags = await readFile(join(folder, 'flags.json'), 'utf8');
  proxy = startCommand([FICUS, 'proxy', '--config', config()]);
  address = line(await proxy.until('"msg":"listening"'), 'listening').address;
  await vi.waitFor(() => access(join(folder, '.ficus', 'running-ficus.yaml.json')), 30_000);
});
beforeEach(async () => {
  await writeFile(join(folder, 'flags.json'), flags);
  await vi.waitFor(async () => expect(await served()).toBe('candidate'), 30_000);
});
afterAll(async () => {
  await stopAll();
  for (const side of sides) side.close();
  await rm(folder, { recursive: true, force: true });
});

const untilBack = () => vi.waitFor(async () => expect(await served()).toBe('legacy'), 30_000);

test('flags.file names another file: the one that the proxy reads is changed, and said', async () => {
  await writeFile(join(folder, 'other.json'), await readFile(join(folder, 'flags.json')));
  await writeFile(config(), good.replace('flags.json', 'other.json'));
  const back = await ficus('serve', 'notes', '0');
  expect(back).toMatchObject({
    status: 0,
    stdout: `✓ notes.serve: 100 % → 0 % in ${join(folder, 'flags.json')}\n`,
  });
  expect(back.stderr).toContain('takes effect when the proxy is restarted');
  await untilBack();
  expect(await readFile(join(folder, 'other.json'), 'utf8')).toContain('"rollout": "100"');
});

const whole = (text: string) => `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> other\n`;

test.each<[string, (text: string) => string]>([
  ['names a flags file that is not there', (text) => text.replace('flags.json', 'gone.json')],
  ['names another provider', (text) => text.replace('provider: file, file: flags.json', 'provider: builtin')],
  ['names a provider that there is not', (text) => text.replace('provider: file', 'provider: fileX')],
  ['names other slices and another file', (text) => text.replace('notes:', 'x:').replace('flags.', 'gone.')],
  ['is in conflict', whole],
  ['is indented by tabs', (text) => text.replace('proxy:', '\tproxy:').replaceAll('  ', '\t')],
  ['is empty', () => ''],
])('ficus.yaml %s', async (_, broken) => {
  await writeFile(config(), broken(good));
  expect(await ficus('serve', 'notes', '0')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('100 % → 0 %'),
  });
  await untilBack();
  await expect(access(join(folder, 'gone.json'))).rejects.toThrow();
});

test('ficus.yaml is deleted', async () => {
  await rm(config());
  const back = await ficus('serve', 'notes', '0');
  expect(back).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('What runs is asked all the same.'),
  });
  await untilBack();
  const status = await ficus('status');
  expect(status).toMatchObject({ status: 1, stdout: expect.stringContaining('notes') });
});

test('the proxy has stopped: a file that is created is named, and what is left when there is none to read', async () => {
  proxy.child.kill('SIGTERM');
  await proxy.ended;
  await expect(access(join(folder, '.ficus'))).rejects.toThrow();
  await writeFile(config(), good.replace('flags.json', 'gone.json'));
  const { stdout, stderr } = await ficus('serve', 'notes', '0');
  expect(stdout).toBe(`✓ notes.serve: 0 % → 0 % in ${join(folder, 'gone.json')}\n`);
  expect(stderr).toContain('gone.json did not exist and was created');
  await rm(config());
  const none = await ficus('serve', 'notes', '0');
  expect(none.status).toBe(3);
  expect(none.stderr).toContain('set "enabled" of the feature "notes.serve" to false');
});
