/** A log behind a pipe that is full and not read: requests are served, and a stop does not wait for the reader. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@ficus/tools';
import { expect, it, onTestFinished } from 'vitest';
import { FICUS, ROOT } from '../../e2e/run-command.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

const DRAIN_MS = 60_000;
/** More lines than a pipe holds (64 KiB on Linux). */
const REQUESTS = 600;

it('ficus proxy stops although its log is not read', async () => {
  const directory = await makeTestDirectory('unread-log');
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const legacy = createServer((_, response) => response.end('legacy')).listen(0, '127.0.0.1');
  onTestFinished(() => void legacy.close());
  await once(legacy, 'listening');
  const listen = `127.0.0.1:${await freePort()}`;
  const config = join(directory, 'ficus.yaml');
  const proxy = { listen, timeouts: { drainMs: DRAIN_MS } };
  const url = `http://127.0.0.1:${(legacy.address() as AddressInfo).port}`;
  await writeFile(config, JSON.stringify({ version: 1, proxy, legacy: { url } }));
  const pipe = join(directory, 'log');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(pipe, 'w');
  const child = spawn(process.execPath, [FICUS, 'proxy', '--config', config], {
    cwd: ROOT,
    stdio: ['ignore', writer, 'inherit'],
  });
  closeSync(writer);
  onTestFinished(() => {
    child.kill('SIGKILL');
    closeSync(reader);
  });
  const ask = () => fetch(`http://${listen}/`).then((answer) => answer.text());
  await expect.poll(() => ask().catch(() => '')).toBe('legacy');
  for (let n = 0; n < REQUESTS; n += 1) expect(await ask()).toBe('legacy');
  const began = performance.now();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - began).toBeLessThan(DRAIN_MS / 2);
});
