/**
 * Ctrl-C under npm and npx: the terminal sends it to the command, and npm passes it on a moment later when its shell
 * replaces itself by the command. One Ctrl-C must still count as one: work in progress is finished. A later one ends it
 * at once.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, type RunningCommand, startCommand, stopAll } from '../../e2e/run-command.ts';

let folder: string;
let legacy: Server;
let waiting: ServerResponse | undefined;
let proxy: RunningCommand;
let answer: Promise<Response>;
let address: string;

/** Stretches the command's second to minutes: an echo counts as one, however late a busy machine sends it. */
const SLOW_CLOCK = [
  '--import',
  'data:text/javascript,const now = performance.now.bind(performance); performance.now = () => now() / 500;',
];

beforeEach(async () => {
  waiting = undefined;
  legacy = createServer((_request, response) => {
    waiting = response;
  }).listen(0, '127.0.0.1');
  await once(legacy, 'listening');
  const bound = legacy.address();
  folder = await mkdtemp(join(tmpdir(), 'ficus-echoed-'));
  await writeFile(
    join(folder, 'ficus.yaml'),
    `version: 1
proxy: { listen: "127.0.0.1:0" }
flags: { provider: file, file: flags.json }
legacy: { url: "http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}" }
`,
  );
});

/** A draining proxy: it was sent a Ctrl-C while a request is in progress. */
async function startDraining(options: readonly string[] = []): Promise<void> {
  proxy = startCommand([...options, FICUS, 'proxy', '--config', join(folder, 'ficus.yaml')]);
  const line = await proxy.until(/"address":"[^"]+"/);
  address = /"address":"([^"]+)"/.exec(line)?.[1] ?? '';
  answer = fetch(address);
  answer.catch(() => undefined);
  await expect.poll(() => waiting).toBeDefined();
  proxy.child.kill('SIGINT');
  await expect.poll(() => listens(Number(new URL(address).port))).toBe(false);
}

afterEach(async () => {
  await stopAll();
  legacy.closeAllConnections();
  legacy.close();
  await rm(folder, { recursive: true, force: true });
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .on('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .on('error', () => resolve(false));
  });
}

test('the echo of a Ctrl-C does not cut off work that may finish', async () => {
  await startDraining(SLOW_CLOCK);
  proxy.child.kill('SIGINT');
  waiting?.end('done');
  expect(await (await answer).text()).toBe('done');
  expect((await proxy.ended).status).toBe(0);
});

test('a later Ctrl-C ends it at once', async () => {
  await startDraining();
  let status: number | null | undefined;
  void proxy.ended.then((result) => {
    status = result.status;
  });
  await expect
    .poll(() => {
      proxy.child.kill('SIGINT');
      return status;
    })
    .toBe(3);
});
