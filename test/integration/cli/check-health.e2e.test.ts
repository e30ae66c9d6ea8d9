/** `ficus check --live` asks each health path once, and says what does not fit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';
import { refusingPort } from '../../parts/refusing-port.ts';
import { type Backend, startBackend } from '../proxy/rig.ts';

let folder: string;
let legacy: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-health-'));
  legacy = await startBackend('legacy');
});
afterEach(stopAll);
afterAll(async () => {
  await legacy.close();
  await rm(folder, { recursive: true, force: true });
});

async function check(url: string, timeoutMs = 30_000) {
  const config = join(folder, 'ficus.yaml');
  const health = { path: '/healthz', timeoutMs };
  const flags = { provider: 'file', file: 'flags.json' };
  await writeFile(config, JSON.stringify({ version: 1, flags, legacy: { url, health } }));
  const { status, stdout } = await runCommand([FICUS, 'check', '--live', '--config', config, '--json']);
  return { status, findings: (JSON.parse(stdout) as { findings: object[] }).findings };
}

test.each<[string, (response: ServerResponse) => void, string | undefined, number?]>([
  ['passes', (response) => void response.writeHead(204).end(), undefined],
  [
    'has no such path',
    (response) => void response.writeHead(404).end(),
    'GET /healthz fails: it answered 404.',
  ],
  ['never answers', () => {}, 'GET /healthz fails: the answer was not complete in time.', 500],
])('a legacy that %s', async (_, answer, message, timeoutMs) => {
  legacy.requests.length = 0;
  legacy.handler = (_request, response) => answer(response);
  const { status, findings } = await check(`${legacy.url}/shop`, timeoutMs);
  expect(legacy.requests.map(({ url }) => url)).toEqual(['/shop/healthz']);
  if (message === undefined) expect([status, findings]).toEqual([0, []]);
  else {
    expect(status).toBe(3);
    expect(findings).toMatchObject([
      { severity: 'error', path: 'legacy.health', code: 'FICUS_PROXY_HEALTH_CHECK_FAILED', message },
    ]);
  }
});

test('where nothing listens, that is the one finding', async () => {
  const { status, findings } = await check(`http://127.0.0.1:${await refusingPort()}`);
  expect(status).toBe(3);
  expect(findings).toMatchObject([{ path: 'legacy.url', code: 'FICUS_PROXY_UPSTREAM_UNREACHABLE' }]);
});
