/** `ficus status --watch`: it outlives a restart of what it watches, is JSON for programs, and does not scroll a terminal. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@ficus/tools';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, type RunningCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { refusingPort } from '../../parts/refusing-port.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-watch-'));
  file = join(folder, 'ficus.yaml');
  await writeConfig(await freePort(), 1);
});
afterEach(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

async function writeConfig(admin: number, slices: number): Promise<void> {
  const slice = (index: number) =>
    `  s${index}: { candidate: { url: "http://127.0.0.1:9" }, routes: [{ id: r, path: /s${index} }] }\n`;
  await writeFile(
    file,
    `version: 1
proxy: { listen: "127.0.0.1:0", admin: "127.0.0.1:${admin}", workers: 1 }
flags: { provider: file, file: flags.json }
legacy: { url: "http://127.0.0.1:9" }
slices:
${Array.from({ length: slices }, (_, index) => slice(index)).join('')}`,
  );
  await writeFile(join(folder, 'flags.json'), '{"version":2,"features":[],"segments":[]}');
}

async function startProxy(): Promise<RunningCommand> {
  const proxy = startCommand([FICUS, 'proxy', '--config', file]);
  await proxy.until('admin listening');
  return proxy;
}

async function stop(command: RunningCommand): Promise<number | null> {
  command.child.kill('SIGTERM');
  return (await command.ended).status;
}

const TERMINAL = 'process.stdout.isTTY = true; process.stdout.columns = 80; process.stdout.rows = 20';
const ON_TERMINAL = ['--import', `data:text/javascript,${TERMINAL}`];
/** Of a picture. */
const END = '\u001b[J\u001b[?7h';

const reachable = '{"reachable":true,';
const away = '{"reachable":false,';

test('in a pipe each look is a line of JSON; a restart is an outage with a beginning and an end', async () => {
  const first = await startProxy();
  const watch = startCommand([FICUS, 'status', '--watch', '--config', file]);
  await watch.until(reachable);
  await stop(first);
  await watch.until(new RegExp(`(${away}.*\\n){2}`));
  // It comes back somewhere else.
  await writeConfig(await freePort(), 2);
  await startProxy();
  await watch.until(new RegExp(`\\n${away}.*\\n${reachable}.*"name":"s1".*\\n`));
  expect(await stop(watch)).toBe(0);
  const { stdout, stderr } = await watch.ended;
  expect(stderr).toBe('');
  const looks = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(looks[0]).toMatchObject({ from: 'proxy', proxy: { slices: [{ name: 's0' }] } });
  expect(looks[0]).not.toHaveProperty('slices');
  const outages = looks.filter((look) => !look.reachable);
  expect(new Set(outages.map(({ since }) => since))).toEqual(new Set([outages[0].at]));
  expect(outages[0].error.code).toBe('FICUS_PROXY_UNREACHABLE');
  expect(looks.map((look) => look.reachable).join(' ')).toMatch(/^(true )+(false )+true( true)*$/);
});

test('a terminal is drawn in place, within its height, and keeps the last picture in an outage', async () => {
  await writeConfig(await freePort(), 30);
  const proxy = await startProxy();
  const watch = startCommand([...ON_TERMINAL, FICUS, 'status', '--watch', '--config', file]);
  await watch.until(END);
  await stop(proxy);
  await watch.until('not reachable since ');
  await startProxy();
  await watch.until(/not reachable since .*\[J.*\[H(?!.*not reachable).*\[J/s);
  expect(await stop(watch)).toBe(0);
  const pictures = (await watch.ended).stdout.split(END).slice(0, -1);
  expect(pictures.filter((picture) => picture.includes('\u001b[2J'))).toHaveLength(1);
  for (const picture of pictures) {
    expect(picture).toMatch(/^.\[\?7l(.\[2J)?.\[H/);
    expect(picture.split('\n').length - 1).toBeLessThanOrEqual(19);
    expect(picture).toMatch(/… \d+ more lines: the window is too small/);
  }
  expect(pictures.find((picture) => picture.includes('not reachable'))).toMatch(/s0 +none/);
});

test('that the token is withheld stays in the picture, and is said once in a pipe', async () => {
  const proxy = await startProxy();
  // Until its restart, the proxy has the admin address of before.
  await writeConfig(await freePort(), 1);
  const control = `control: { listen: "127.0.0.1:${await refusingPort()}", token: a-token-of-the-team }\n`;
  await appendFile(file, control);
  await proxy.until('waits for a restart');
  const said = 'No token is sent to 127.0.0.1';
  const drawn = startCommand([...ON_TERMINAL, FICUS, 'status', '--watch', '--config', file]);
  await drawn.until(new RegExp(`(${said}.*\\[\\?7h.*){2}`, 's'));
  await stop(drawn);
  expect((await drawn.ended).stderr).toBe('');
  const piped = startCommand([FICUS, 'status', '--watch', '--config', file]);
  await piped.until(/(\{"reachable":true.*\n){2}/);
  await stop(piped);
  expect((await piped.ended).stderr.split(said)).toHaveLength(2);
});

test('what no later look would change ends it', async () => {
  await startProxy();
  const { status, stderr } = await startCommand([FICUS, 'status', 'letters', '--watch', '--config', file])
    .ended;
  expect(status).toBe(2);
  expect(stderr).toContain('There is no slice “letters”');
});
