/** What an operator reads when an Unleash server gives an unexpected answer, for a raise and for the way back. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openForeignFlags, withoutAudit } from '@ficus/control';
import { afterEach, expect, test } from 'vitest';
import { rolloutOf } from './unleash-subject.ts';

const TOKEN = 'default:development.client-secret';
const ADMIN = '*:*.admin-secret';
const FEATURES = { version: 2, features: [{ name: 'notes.serve', project: 'default', enabled: true }] };
const ENVIRONMENT = { enabled: true, strategies: [{ ...rolloutOf(50, 'notes'), id: 's0' }] };

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Reads succeed unless `read` says otherwise; each write is answered with `write`. */
async function flipAgainst(percent: number, { read, write }: { read?: Answer; write?: Answer }) {
  server = createServer(({ method, url = '' }, response) => {
    const fine = { status: 200, body: url.startsWith('/api/client/') ? FEATURES : ENVIRONMENT };
    const { status, body } = (method === 'GET' ? read : write) ?? fine;
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  const unleash = { url, token: TOKEN, adminToken: ADMIN, refreshMs: 100 };
  return openForeignFlags({ provider: 'unleash', environment: 'default', unleash }, withoutAudit).set({
    slice: 'notes',
    kind: 'serve',
    percent,
    actor: 'ada',
    reason: '',
  });
}

test.each([
  ['a page', '<!doctype html><p>Unleash</p>', 'answers with something other than JSON'],
  ['JSON without features', 'null', 'answers without features'],
])('%s instead of an answer points to the URL', async (_, body, words) => {
  await expect(flipAgainst(75, { read: { status: 200, body } })).rejects.toMatchObject({
    code: 'FICUS_UNLEASH_UNREACHABLE',
    message: expect.stringContaining(words),
  });
});

test('a flag’s environment without strategies points to the URL', async () => {
  await expect(flipAgainst(75, { read: { status: 200, body: FEATURES } })).rejects.toMatchObject({
    code: 'FICUS_UNLEASH_UNREACHABLE',
    message: expect.stringContaining('answers without strategies'),
  });
});

const SKIP = 'You need the SKIP_CHANGE_REQUEST permission to perform this action';
test.each([
  ['a raise', 75, 403, { message: SKIP }, SKIP],
  ['the way back', 0, 403, { details: [{ message: SKIP }] }, SKIP],
  ['a raise', 75, 409, { message: 'The strategy is locked' }, 'The strategy is locked'],
  ['the way back', 0, 409, { message: 'The strategy is locked' }, 'The strategy is locked'],
])('%s (%i) that a change request must make: status %i', async (_, percent, status, body, words) => {
  await expect(flipAgainst(percent, { write: { status, body } })).rejects.toMatchObject({
    code: 'FICUS_UNLEASH_CHANGE_REFUSED',
    message: expect.stringContaining(`status ${status}): ${words}`),
  });
});

test('a token without the permission is reported as the token’s fault, in the server’s words', async () => {
  const body = { message: 'You need UPDATE_FEATURE_STRATEGY' };
  await expect(flipAgainst(75, { write: { status: 403, body } })).rejects.toMatchObject({
    code: 'FICUS_UNLEASH_FORBIDDEN',
    message: expect.stringMatching(
      /refuses flags\.unleash\.adminToken .*: You need UPDATE_FEATURE_STRATEGY$/,
    ),
  });
});

test('the server’s message is bounded, on one line, and shows no token', async () => {
  const body = { message: `\u001b[31mno\r\n${ADMIN} client-secret ${'x'.repeat(5000)}` };
  const { message } = (await flipAgainst(0, { write: { status: 409, body } }).catch(
    (error: Error) => error,
  )) as Error;
  expect(message).toContain(': [31mno … … xxx');
  expect(message).not.toMatch(/\p{Cc}|secret/u);
  expect(message.length).toBeLessThan(600);
});
