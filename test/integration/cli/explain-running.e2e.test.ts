/** `ficus explain` against a proxy that runs in processes of its own, as an operator uses it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentFlag } from '@ficus/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FICUS, type RunningCommand, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { type Backend, startBackend } from '../proxy/rig.ts';

let folder: string;
let config: string;
let legacy: Backend;
let proxy: RunningCommand;
let admin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-explain-'));
  config = join(folder, 'ficus.yaml');
  legacy = await startBackend('legacy');
  legacy.handler = (request, response) => {
    const isAnn = request.headers.cookie === 'sid=the-session-of-ann';
    if (request.url === '/me') response.end(JSON.stringify({ user: isAnn ? 'ann' : null }));
    else response.end('page');
  };
  await writeFile(
    join(folder, 'flags.json'),
    JSON.stringify({ version: 2, features: [percentFlag('inbox.serve', 'inbox', 1)] }),
  );
  await writeFile(
    config,
    `version: 1
proxy:
  listen: 127.0.0.1:0
  admin: 127.0.0.1:0
  workers: 2
  identify: { user: { cookie: sid, introspect: /me } }
flags: { provider: file, file: flags.json }
legacy: { url: ${legacy.url} }
slices:
  inbox:
    candidate: { url: http://127.0.0.1:9, credentials: [] }
    routes:
      - { id: read, methods: [GET], path: /inbox }
`,
  );
  proxy = startCommand([FICUS, 'proxy', '--config', config]);
  const said = await proxy.until('admin listening');
  admin = /"address":"http:\/\/([^"]+)","msg":"admin listening"/.exec(said)![1]!;
});
afterAll(async () => {
  await stopAll();
  await legacy.close();
  await rm(folder, { recursive: true, force: true });
});

const explain = (...args: string[]) => runCommand([FICUS, 'explain', '--config', config, ...args]);
const ask = (...args: string[]) => explain(...args, '--admin', admin);

test('a user who was not moved: the whole decision, and what to do', async () => {
  const { status, stdout, stderr } = await ask('get', '/inbox?page=2', '--as', 'ann');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('GET /inbox is served by the legacy: serve-flag-off');
  expect(stdout).toMatch(
    /what to do: Raise the share to the caller’s bucket or above: `ficus serve inbox \d+`\./,
  );
  expect(stdout).toMatch(/route +inbox \/ read \(\/inbox\), a read/);
  expect(stdout).toMatch(/caller +user ann/);
  expect(stdout).toMatch(/flag +inbox\.serve is off for this caller, share 1 %/);
  expect(stdout).toMatch(/flags from +file: current, received 20/);
  expect(stdout).toMatch(/candidate +breaker closed/);
  expect(stdout).toMatch(/workers +2 of 2 decide so/);
});

test('a cookie is asked about at the legacy, as JSON too, and is repeated nowhere', async () => {
  const cookies = [
    '--cookie',
    'sid=the-session-of-ann',
    '--header',
    'Authorization: Bearer the-token-of-ann',
  ];
  const { status, stdout, stderr } = await ask('GET', '/inbox', ...cookies, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    serve: 'legacy',
    reason: 'serve-flag-off',
    caller: { kind: 'user', name: 'ann', source: 'cookie sid, asked at /me of the legacy' },
    workers: { asked: 2, agree: 2 },
  });
  const log = await proxy.until('listening');
  for (const text of [stdout, stderr, log]) expect(text).not.toMatch(/the-(session|token)-of-ann/);
  // The request itself was sent to no side.
  expect(new Set(legacy.requests.map(({ url }) => url))).toEqual(new Set(['/me']));
});

test('a request without a route says which comes near', async () => {
  const { stdout } = await ask('PUT', '/inbox');
  expect(stdout).toContain('PUT /inbox is served by the legacy: no-route');
  expect(stdout).toContain('near: inbox / read (GET /inbox)');
  expect(stdout).toContain('Add the method to `methods` of the route');
});

test('a proxy that runs an older config is asked all the same, and the exit status says that the file is refused', async () => {
  const refused = join(folder, 'refused.yaml');
  await writeFile(refused, (await readFile(config, 'utf8')).replace('slices:', 'sliced: {}\nslices:'));
  const asked = ['--config', refused, '--admin', admin, '--as', 'ann'];
  const { status, stdout, stderr } = await runCommand([FICUS, 'explain', 'GET', '/inbox', ...asked]);
  expect(status).toBe(1);
  expect(stdout).toContain('GET /inbox is served by the legacy: serve-flag-off');
  expect(stderr).toContain('sliced');
});

test('a token that leaves the machine without TLS is said', async () => {
  const withToken = join(folder, 'token.yaml');
  await writeFile(withToken, `${await readFile(config, 'utf8')}control: { token: the-token-of-operators }\n`);
  const port = admin.split(':').at(-1);
  const askAt = (address: string) =>
    runCommand([FICUS, 'explain', 'GET', '/inbox', '--config', withToken, '--admin', address]);
  expect(await askAt(admin)).toMatchObject({ status: 0, stderr: '' });
  const { stderr } = await askAt(`[::ffff:127.0.0.1]:${port}`);
  expect(stderr).toMatch(/^! .*::ffff:127\.0\.0\.1.* without TLS.*ssh -L/);
  expect(stderr).not.toContain('the-token-of-operators');
});

test('an admin address with a free port is found', async () => {
  await expect.poll(async () => (await explain('GET', '/inbox')).status).toBe(0);
});

describe('used wrongly, it exits 2, and repeats no value', () => {
  test.each<[string, string[], string]>([
    ['a header without a name', ['GET', '/inbox', '--header', 'secret'], 'NAME: VALUE'],
    ['a cookie without a name', ['GET', '/inbox', '--cookie', 'secret'], 'NAME=VALUE'],
    ['two cookies in one', ['GET', '/inbox', '--cookie', 'a=1; b=secret'], 'NAME=VALUE'],
    ['a header with a line break', ['GET', '/inbox', '--header', 'a: secret\nb: c'], 'control characters'],
    ['the URL first', ['/inbox', 'GET'], 'The method comes first'],
    ['no address', ['GET', '/inbox', '--client', 'somewhere'], '--client takes an IP address'],
    ['no name', ['GET', '/inbox', '--as', ''], '--as takes the name'],
  ])('%s', async (_, args, says) => {
    const { status, stdout, stderr } = await explain(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain('secret');
  });
});

describe('a proxy that does not answer', () => {
  const listen = async (server: Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test('because it hangs, is given two seconds', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => {})));
    try {
      const { status, stderr } = await explain('GET', '/inbox', '--admin', await listen(silent));
      expect(status).toBe(3);
      expect(stderr).toContain('within 2 seconds');
      expect(stderr).toContain('FICUS_PROXY_UNREACHABLE');
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  test('because another program has the port, or none, is said so', async () => {
    const other = await explain('GET', '/inbox', '--admin', new URL(legacy.url).host);
    expect(other.status).toBe(3);
    expect(other.stderr).toContain('is not the admin address of a Ficus proxy');
    const server = createServer();
    const free = await listen(server);
    server.close();
    const none = await explain('GET', '/inbox', '--admin', free, '--json');
    expect(none.status).toBe(3);
    expect(JSON.parse(none.stdout)).toMatchObject({ ok: false, error: { code: 'FICUS_PROXY_UNREACHABLE' } });
  });

  test('because the config names no admin address: it is to be set', async () => {
    const without = join(folder, 'without.yaml');
    await writeFile(without, `version: 1\nlegacy: { url: ${legacy.url} }\nslices: {}\n`);
    const { status, stderr } = await runCommand([FICUS, 'explain', '--config', without, 'GET', '/inbox']);
    expect(status).toBe(3);
    expect(stderr).toContain('proxy.admin');
  });
});
