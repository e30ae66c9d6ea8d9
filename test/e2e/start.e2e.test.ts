/** `npm start`: up, usable, and gone without a trace after Ctrl-C; its data survives a crash. */
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { runCommand, startCommand, stopAll } from './run-command.ts';

const ANY_PORT = {
  FICUS_PROXY_PORT: '0',
  FICUS_CONTROL_PORT: '0',
  FICUS_POSTGRES_PORT: '0',
};

let directory: string;

beforeAll(async () => {
  directory = await makeTestDirectory('start');
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

  const ports = new Set(urls.map((url) => Number(url.port)));
  const listening = await listenersOn(ports);
  expect(listening.length).toBeGreaterThanOrEqual(ports.size);
  running.child.kill('SIGINT');
  const { status, stdout } = await running.ended;
  expect(status).toBe(0);
  expect(stdout).toContain('To delete it:  rm -rf ');
  const left = await listenersOn(ports);
  expect(listening.filter((listener) => left.includes(listener))).toEqual([]);
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

test('a second start in the same directory says so and does not disturb the first', async () => {
  const first = start();
  const welcome = await first.until('Ctrl-C stops all of it');
  const shop = /shop, through Ficus\s+(\S+)/.exec(welcome)?.[1];
  const again = ['sample/start.ts', '--directory', directory];
  for (const second of await Promise.all([
    runCommand(again, ANY_PORT),
    runCommand([...again, '--fresh'], ANY_PORT),
  ])) {
    expect(second.status).toBe(3);
    expect(second.stderr).toContain('another terminal');
  }
  expect((await fetch(`${shop}/products`)).status).toBe(200);
  first.child.kill('SIGINT');
  expect((await first.ended).status).toBe(0);
});

test('Ctrl-C while the shop is filled stops at once, and nothing is half-filled', async () => {
  const own = await makeTestDirectory('start');
  try {
    // At this size the seed alone would take longer than the test.
    const running = startCommand(['sample/start.ts', '--scale', '100', '--directory', own], ANY_PORT);
    await running.until('· seed');
    running.child.kill('SIGINT');
    const { status, stderr } = await running.ended;
    expect([status, stderr.trim()]).toEqual([3, 'stopping\nstopped']);
    const again = startCommand(['sample/start.ts', '--scale', '0.01', '--directory', own], ANY_PORT);
    await again.until(/· seed[\s\S]*Ctrl-C stops all of it/);
    again.child.kill('SIGINT');
    await again.ended;
  } finally {
    await stopAll();
    await rm(own, { recursive: true, force: true });
  }
});

test('a taken port is reported before anything starts, with the variable that moves it', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  try {
    const taken = await runCommand(['sample/start.ts', '--directory', directory], {
      ...ANY_PORT,
      FICUS_CONTROL_PORT: port,
    });
    expect([taken.status, taken.stdout]).toEqual([3, '']);
    expect(taken.stderr).toContain(`Port ${port} is taken`);
    expect(taken.stderr).toContain('FICUS_CONTROL_PORT=');
  } finally {
    other.close();
  }
  const wrong = await runCommand(['sample/start.ts'], { ...ANY_PORT, FICUS_PROXY_PORT: 'eighty' });
  expect([wrong.status, wrong.stdout]).toEqual([2, '']);
  expect(wrong.stderr).toContain('FICUS_PROXY_PORT takes a port');
});

test.each([
  ['start', '--nonsense'],
  ['start', 'nonsense'],
  ['demo', '--nonsense'],
  ['demo', '--seconds'],
])('npm run %s with %s: one sentence and status 2', async (script, argument) => {
  const { status, stdout, stderr } = await runCommand([`sample/${script}.ts`, argument]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^error: [^\n]+ See --help\.\n$/);
});

/**
 * Listeners, named per process where Linux shows them: a released port may belong to another program the next moment.
 */
async function listenersOn(ports: ReadonlySet<number>): Promise<string[]> {
  if (process.platform !== 'linux') {
    const open = await Promise.all([...ports].map(async (port) => ((await answers(port)) ? [port] : [])));
    return open.flat().map(String);
  }
  const table = await readFile('/proc/net/tcp', 'utf8');
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === '0A' && ports.has(Number.parseInt(local.slice(-4), 16)) ? [inode] : [];
  });
}

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
