/** `ficus init` as a user runs it: from a monolith to a config that `check` accepts and the proxy starts with. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FICUS, ROOT, runCommand, startCommand, stopAll } from '../../../e2e/run-command.ts';
import { refusingPort } from '../../../parts/refusing-port.ts';
import { endServers, html, json, loosePages, pages, redirect, serve, serveTls } from './servers.ts';

let folder: string;
let config: string;
const folders: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-init-'));
  folders.push(folder);
  config = join(folder, 'ficus.yaml');
});
afterEach(async () => {
  await stopAll();
  await endServers();
});
afterAll(() => Promise.all(folders.map((each) => rm(each, { recursive: true, force: true }))));

const init = (...args: string[]) => runCommand([FICUS, 'init', ...args, '--config', config]);
const check = () => runCommand([FICUS, 'check', '--config', config]);
const written = () => readFile(config, 'utf8');

const DOCUMENT = {
  openapi: '3.1.0',
  servers: [{ url: '/api' }],
  paths: {
    '/orders': {
      get: { operationId: 'listOrders', tags: ['Orders'] },
      post: { operationId: 'createOrder', tags: ['Orders'] },
    },
    '/orders/{id}:cancel': { post: { operationId: 'cancelOrder', tags: ['Orders'] } },
    '/carts/{id}': { get: { operationId: 'showCart', tags: ['Carts'] } },
  },
};
const SESSION = { 'set-cookie': 'connect.sid=s%3Ax; Path=/; HttpOnly' };

const startShop = () =>
  serve(
    loosePages({
      '/': html('<title>Shop</title>', SESSION),
      '/openapi.json': json(DOCUMENT),
      '/api/orders': json(['legacy']),
      '/health': json({}),
    }),
  );

test('a monolith and a candidate become a config that check accepts, and a proxy that serves', async () => {
  const shop = await startShop();
  const service = await serve(
    loosePages({ '/': json({}), '/healthz': json({}), '/api/orders': json(['service']) }),
  );
  const { status, stdout, stderr } = await init(shop.url, '--candidate', `orders=${service.url}`);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toContain(`✓ wrote ${config} with 1 slice and 1 proposal for slices`);
  expect(stdout).toMatch(
    /Next:\n {2}ficus check .+\n {2}ficus proxy .+http:\/\/127\.0\.0\.1:8080.*\n {2}ficus status /,
  );
  expect(stderr).toContain(
    '✓ session cookie connect.sid: its name is that of Express; proposed as proxy.identify',
  );
  expect(stderr).toContain('! left out POST /api/orders/{id}:cancel: no pattern');
  expect(stderr).toContain(`✓ candidate of orders: ${service.url}/ answers, health path /healthz`);
  expect(await check()).toMatchObject({
    status: 0,
    // Nobody has decided it yet: the config says nothing of its own.
    stderr: expect.stringMatching(
      /slices\.orders\.candidate\.credentials: is not set[\s\S]+\n· slices\.orders\.tables: lists none/,
    ),
    stdout: expect.stringContaining('1 slice, 2 routes, 0 tables; 1 warning above'),
  });
  await writeFile(config, (await written()).replace(/(listen|admin): \S+/g, '$1: 127.0.0.1:0'));
  const proxy = startCommand([FICUS, 'proxy', '--config', config]);
  const [, address] = /"address":"([^"]+)"/.exec(await proxy.until('"msg":"listening"')) ?? [];
  const orders = async (path: string) => (await fetch(address + path)).json();
  expect(await orders('/api/orders')).toEqual(['legacy']);
  expect((await runCommand([FICUS, 'serve', 'orders', '100', '--config', config])).status).toBe(0);
  await expect.poll(() => orders('/API/Orders/')).toEqual(['service']);
});

test('what it proposes as comments is valid as well', async () => {
  const shop = await startShop();
  expect(await init(shop.url)).toMatchObject({ status: 0 });
  expect(await check()).toMatchObject({ status: 0 });
  await writeFile(config, (await written()).replace(/^# (slices:| {2}.*)$/gm, '$1'));
  const { status, stdout } = await check();
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('2 slices, 3 routes') });
});

test('a service without the monolith’s document brings its own', async () => {
  const shop = await serve(html('<title>Shop</title>'));
  const service = await serve(pages({ '/v3/api-docs': json(DOCUMENT) }));
  expect(await init(shop.url, '--candidate', `sales=${service.url}`)).toMatchObject({ status: 0 });
  expect((await check()).stdout).toContain('1 slice, 3 routes');
  expect(await written()).toContain(
    '{ id: create-order, methods: [POST], path: "/api/orders", kind: write }',
  );
});

test('a candidate that refuses guests: no credentials are given to it, and why it refuses is said', async () => {
  const shop = await startShop();
  const service = await serve(loosePages({ '/': json({}), '/api/orders': json({}, {}, 401) }));
  const { stderr } = await init(shop.url, '--candidate', `orders=${service.url}`);
  expect(stderr).toContain('! Candidate of orders: GET /api/orders answers 401 without credentials');
  expect(await written()).toMatch(/^ {6}# credentials: .*; without, GET \/api\/orders answers 401$/m);
  expect(await written()).not.toMatch(/^\s*credentials:/m);
});

describe('a monolith that cannot be asked', () => {
  test('is no error: the reason is said, and the file is written', async () => {
    const port = await refusingPort();
    const gone = `http://127.0.0.1:${port}`;
    const { status, stdout, stderr } = await init(gone, '--candidate', `orders=${gone}`);
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringMatching(/^✓ wrote/) });
    expect(stderr).toContain(`! Nothing listens on 127.0.0.1:${port}. Start the server`);
    expect(stderr).toContain(`! Candidate of orders: Nothing listens on 127.0.0.1:${port}.`);
    expect(stderr).toContain('! No routes of orders are known');
    expect(await check()).toMatchObject({ status: 0 });
  });

  test('by http is asked by https, if it only redirects there', async () => {
    const secure = await serveTls(html('<title>Shop</title>', SESSION));
    const shop = await serve(redirect(`${secure.url}/`));
    const ca = join(ROOT, 'test/integration/forward/certificates/ca.pem');
    const result = await runCommand([FICUS, 'init', shop.url, '--config', config], {
      NODE_EXTRA_CA_CERTS: ca,
    });
    expect(result).toMatchObject({ status: 0 });
    expect(result.stderr).toContain(
      `! ${shop.url} only redirects to https: legacy.url is ${secure.url} instead.`,
    );
    expect(await written()).toContain(`  # ${shop.url} only redirects to https.\n  url: ${secure.url}\n`);
    expect(await check()).toMatchObject({ status: 0 });
  });
});

describe('what is not to be done is not done', () => {
  test('an existing file stays, and nothing is asked for it; --force replaces it', async () => {
    const shop = await startShop();
    await writeFile(config, 'mine');
    await writeFile(join(folder, 'flags.json'), '{"version":2,"features":[{"name":"mine"}]}');
    const refused = await init(shop.url);
    expect(refused).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('exists already. Use --force'),
    });
    expect(shop.asked).toEqual([]);
    expect(await written()).toBe('mine');
    expect(await init(shop.url, '--force')).toMatchObject({ status: 0 });
    expect(await written()).toContain('version: 1');
    expect(await readFile(join(folder, 'flags.json'), 'utf8')).toContain('mine');
    expect((await readdir(folder)).toSorted()).toEqual(['ficus.yaml', 'flags.json']);
  });

  test('the flags are not written over, neither with --force', async () => {
    const flags = join(folder, 'flags.json');
    await writeFile(flags, 'mine');
    const refused = await runCommand([
      FICUS,
      'init',
      'http://127.0.0.1:9',
      '--no-probe',
      '--force',
      '-c',
      flags,
    ]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('holds the flags') });
    expect(await readFile(flags, 'utf8')).toBe('mine');
  });

  test('--dry-run prints the file and writes none', async () => {
    const shop = await startShop();
    const { status, stdout } = await init(shop.url, '--dry-run');
    expect({ status, files: await readdir(folder) }).toEqual({ status: 0, files: [] });
    await writeFile(config, stdout);
    expect(await check()).toMatchObject({ status: 0 });
  });

  test('the proxy does not listen where the monolith does', async () => {
    expect((await init('http://127.0.0.1:8080', '--no-probe', '--dry-run')).stdout).toContain(
      'listen: 127.0.0.1:8090\n',
    );
  });

  test('--no-probe asks nothing', async () => {
    const shop = await startShop();
    const { status, stderr } = await init(shop.url, '--no-probe', '--candidate', `orders=${shop.url}`);
    expect({ status, asked: shop.asked }).toEqual({ status: 0, asked: [] });
    expect(stderr).not.toContain('asking');
    expect(await written()).toContain('# identify:');
  });

  test('a file that cannot be written leaves nothing behind', async () => {
    await mkdir(join(config, 'in-the-way'), { recursive: true });
    const { status, stderr } = await init('http://127.0.0.1:9', '--no-probe', '--force');
    expect({ status, stderr }).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('cannot be written'),
    });
    expect(await readdir(folder)).toEqual(['ficus.yaml']);
  });
});

test('--json is one document with all that was found', async () => {
  const shop = await startShop();
  const { stdout, stderr } = await init(shop.url, '--json');
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    config,
    slices: [
      { name: 'carts' },
      { name: 'orders', routes: [{ id: 'list-orders' }, { id: 'create-order', kind: 'write' }] },
    ],
    leftOut: [{ what: 'POST /api/orders/{id}:cancel' }],
    findings: expect.arrayContaining([
      { kind: 'found', text: 'health path /health: proposed as legacy.health' },
    ]),
  });
});

test.each([
  [['ftp://x'], 'is not an http:// or https:// URL'],
  [['127.0.0.1:8080'], '“127.0.0.1:8080” has no scheme: write http://127.0.0.1:8080'],
  [['localhost:3000/shop'], 'write http://localhost:3000/shop'],
  [['shop.internal'], 'write http://shop.internal'],
  [['ann:geheim@x'], 'is not an http:// or https:// URL'],
  [['http://x', '--candidate', 'a=127.0.0.1:3101'], 'write http://127.0.0.1:3101'],
  [['http://user:geheim@x'], 'takes no user name'],
  [['http://x', '--candidate', 'http://y'], '--candidate takes SLICE=URL'],
  [['http://x', '--candidate', 'a=http://user:geheim@y'], 'takes no user name'],
  [['http://x', '--candidate', 'Big=http://y'], 'is no name of a slice'],
  [['http://x', '--candidate', 'a=http://y', '--candidate', 'a=http://z'], 'names a twice'],
  [['http://x', '--openapi', join(ROOT, 'package.json')], 'is no OpenAPI document'],
])('%j is refused', async (args, message) => {
  const { status, stderr } = await init(...args, '--no-probe');
  expect(status).toBeGreaterThan(1);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('geheim');
  expect(await readdir(folder)).toEqual([]);
});
