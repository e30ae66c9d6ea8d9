/** `ficus check --live` asks the legacy who a caller without a session is, and says what does not fit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';
import { type Backend, startBackend } from '../proxy/rig.ts';

let folder: string;
let legacy: Backend;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-introspection-'));
  legacy = await startBackend('legacy');
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    JSON.stringify({
      version: 1,
      proxy: { identify: { user: { cookie: 'sid', introspect: '/api/me', field: 'data.id' } } },
      flags: { provider: 'file', file: 'flags.json' },
      legacy: { url: `${legacy.url}/shop` },
    }),
  );
});
afterEach(stopAll);
afterAll(async () => {
  await legacy.close();
  await rm(folder, { recursive: true, force: true });
});

/** Said whatever the legacy answers to a caller without a session. */
const NOT_SEEN = {
  path: 'proxy.identify.user.field',
  message:
    "cannot be checked without a session: whether the answer of /api/me to one has data.id, `ficus explain METHOD URL --cookie 'sid=…'` says",
};

async function check(answer: (response: ServerResponse) => void) {
  legacy.requests.length = 0;
  legacy.handler = (_, response) => answer(response);
  const { status, stdout } = await runCommand([FICUS, 'check', '--live', '--config', config, '--json']);
  const { findings, notes } = JSON.parse(stdout) as Record<string, { path: string; message: string }[]>;
  expect(notes).toEqual([NOT_SEEN]);
  const asked = legacy.requests.map(({ url, headers }) => [url, headers.accept, headers.cookie]);
  expect(asked).toEqual([['/shop/api/me', 'application/json', undefined]]);
  // Warnings: the legacy serves those whom it cannot name.
  expect(status).toBe(0);
  expect(findings!.map(({ path }) => path)).toEqual(findings!.map(() => 'proxy.identify.user.introspect'));
  return findings!.map(({ message }) => message);
}

test('an answer as it should be needs no word', async () => {
  expect(await check((response) => void response.writeHead(401).end('{"error":"no session"}'))).toEqual([]);
  expect(await check((response) => void response.end('{"data":null}'))).toEqual([]);
});

test.each<[string, (response: ServerResponse) => void, string]>([
  ['a login page', (response) => void response.end('<html>'), 'answered 200 with something other than JSON'],
  ['a way to one', (response) => void response.writeHead(302, { location: '/login' }).end(), 'answered 302'],
  ['nothing of that name', (response) => void response.writeHead(404).end(), 'answered 404'],
  ['a hang-up', (response) => void response.destroy(), 'gave no answer'],
  [
    'another shape',
    (response) => void response.end('{"id":null,"roles":["guest"]}'),
    'answered 200 without data.id: the session belongs to no user, or `field` is not where the answer names one (it has id, roles)',
  ],
  ['a user', (response) => void response.end('{"data":{"id":1}}'), 'named a user'],
])('%s is said', async (_, answer, seen) => {
  expect(await check(answer)).toEqual([`/api/me ${seen}, to a caller without a session.`]);
});
