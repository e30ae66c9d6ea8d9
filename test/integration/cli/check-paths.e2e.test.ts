/** `ficus check --live` finds out whether the legacy ignores case or a slash at the end, where the config does not say so. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';
import { type Backend, startBackend } from '../proxy/rig.ts';

let folder: string;
let legacy: Backend;
let candidate: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-paths-'));
  [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
});
afterEach(stopAll);
afterAll(async () => {
  await Promise.all([legacy.close(), candidate.close()]);
  await rm(folder, { recursive: true, force: true });
});

interface Finding {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** @param statusOf what the legacy answers to a path */
async function check(statusOf: (path: string) => number, paths: object = {}): Promise<Finding[]> {
  legacy.requests.length = 0;
  legacy.handler = (request, response) => response.writeHead(statusOf(request.url!)).end();
  const config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    JSON.stringify({
      version: 1,
      flags: { provider: 'file', file: 'flags.json' },
      proxy: { identify: { user: { cookie: 'sid' } } },
      legacy: { url: `${legacy.url}/shop`, paths },
      slices: {
        notes: {
          candidate: { url: candidate.url, credentials: [] },
          routes: [
            { id: 'one', path: '/api/notes/:id' },
            { id: 'beta', path: '/api/beta', headers: { 'x-beta': 'yes' } },
            { id: 'add', methods: ['POST'], path: '/api/add' },
            { id: 'list', path: '/api/notes' },
          ],
        },
      },
    }),
  );
  const { status, stdout } = await runCommand([FICUS, 'check', '--live', '--config', config, '--json']);
  expect(status).toBe(0);
  return (JSON.parse(stdout) as { findings: Finding[] }).findings;
}

const exact = (path: string) => (path === '/shop/api/notes' ? 200 : 404);
const anyCase = (path: string) => exact(path.toLowerCase().replace('/SHOP', '/shop'));
const anySlash = (path: string) => exact(path.replace(/\/$/, ''));

test('a legacy for which each spelling is another path gives no warning', async () => {
  expect(await check(exact)).toEqual([]);
  const asked = legacy.requests.map(({ method, url, headers }) => [method, url, headers.cookie]);
  expect(asked).toContainEqual(['GET', '/shop/api/notes', undefined]);
  expect(asked).toContainEqual(['GET', '/shop/API/NOTES', undefined]);
  expect(asked).toContainEqual(['GET', '/shop/api/notes/', undefined]);
  expect(asked).toHaveLength(4);
});

test('one that ignores case, or the slash, is named with what to set', async () => {
  expect(await check(anyCase)).toMatchObject([
    {
      path: 'legacy.paths.ignoreCase',
      code: 'FICUS_PROXY_PATHS_DIFFER',
      message:
        'The legacy answers GET /API/NOTES with 200, as it does /api/notes: such spellings match no route and go to it. If they are the same there, set legacy.paths.ignoreCase: true.',
    },
  ]);
  expect(await check(anySlash)).toMatchObject([{ path: 'legacy.paths.ignoreTrailingSlash' }]);
});

test('what the config says already is not asked', async () => {
  expect(await check(anyCase, { ignoreCase: true })).toEqual([]);
  expect(legacy.requests.map(({ url }) => url)).not.toContain('/shop/API/NOTES');
  await check(anyCase, { ignoreCase: true, ignoreTrailingSlash: true });
  expect(legacy.requests).toEqual([]);
});

test('answers that tell nothing give no warning: all paths alike, or a way to somewhere else', async () => {
  expect(await check(() => 200)).toEqual([]);
  expect(await check(() => 401)).toEqual([]);
  expect(await check((path) => (anyCase(path) === 200 ? 302 : 404))).toEqual([]);
  expect(await check(() => 404)).toEqual([]);
});
