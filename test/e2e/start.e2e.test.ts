/** `npm start`: up, usable, and gone without a trace at Ctrl-C; found again after a crash. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ROOT, startCommand, stopAll } from './run-command.ts';

const ANY_PORT = {
  FICUS_PROXY_PORT: '0',
  FICUS_CONTROL_PORT: '0',
  FICUS_POSTGRES_PORT: '0',
};

let directory: string;

beforeAll(async () => {
  await mkdir(join(ROOT, '.ficus'), { recursive: true });
  directory = await mkdtemp(join(ROOT, '.ficus', 'start-'));
});
afterEach(stopAll);
afterAll(() => rm(directory, { recursive: true, force: true }));

const start = () => startCommand(['sample/start.ts', '--scale', '0.01', '--directory', directory], ANY_PORT);

test('it says what runs where, serves, and leaves nothing behind at Ctrl-C', async () => {
  const running = start();
  const welcome = await running.until('Ctrl-C stops all of it');
  const urls = [...welcome.matchAll(/(?:http|postgres):\/\/[^\s]+/g)].map((match) => new URL(match[0]));
  expect(urls.length).toBeGreaterThanOrEqual(6);
  const shop = urls[0]?.origin;
  const page = await fetch(`${shop}/login`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<form');

  running.child.kill('SIGINT');
  expect((await running.ended).status).toBe(0);
  const ports = new Set(urls.map((url) => Number(url.port)));
  for (const port of ports) expect(await answers(port)).toBe(false);
});

test('after a crash the next start finds its data again', async () => {
  const crashed = start();
  await crashed.until('Ctrl-C stops all of it');
  crashed.child.kill('SIGKILL');
  await crashed.ended;

  const again = start();
  const welcome = await again.until('Ctrl-C stops all of it');
  expect(welcome).not.toContain('· seed');
  again.child.kill('SIGINT');
  expect((await again.ended).status).toBe(0);
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
