/** Tokens with names and roles: what each may do, what the audit says, and what becomes of wrong ones. */
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS } from '@ficus/core';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, HandPlayedReplication, type TestDatabase, testConfig } from './rig.ts';

const TOKENS = [
  { name: 'edge-1', roles: ['report'], token: 'token-of-the-edge' },
  { name: 'board', roles: ['read'], token: 'token-of-the-board' },
  { name: 'release bot', roles: ['operate'], token: 'token-of-the-bot' },
  { name: 'unleash', roles: ['flags'], token: 'token-of-unleash' },
  { name: 'root', roles: ['admin'], token: 'token-of-the-root' },
] as const;
const tokenOf = (owner: string) => TOKENS.find(({ name }) => name === owner)!.token;

let database: TestDatabase;
let control: Control;
const lines: Record<string, unknown>[] = [];
const config = (tokens: readonly object[] = TOKENS) =>
  testConfig(database.url, {
    control: { listen: '127.0.0.1:0', database: database.url, tokens: tokens as never },
  });

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: config(),
    logger: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    replications: (options) => new HandPlayedReplication(options),
  });
});
afterAll(async () => {
  await control.stop();
  await database.drop();
});

async function call(token: string | undefined, method: string, path: string, body?: object) {
  const response = await fetch(`${control.address}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (isStream) await response.body!.cancel();
  const text = isStream ? '' : await response.text();
  return { status: response.status, code: /"code":"(\w+)"/.exec(text)?.[1] ?? '' };
}

const REPORT = { proxyId: 'p', workers: 1, epochs: {}, traffic: [], droppedCopies: [] };
const ENDPOINTS: readonly [role: string, method: string, path: string, body?: object][] = [
  ['read', 'GET', '/api/v1/slices'],
  ['read', 'GET', '/api/v1/audit'],
  ['read', 'GET', '/metrics'],
  ['flags', 'GET', '/unleash/api/client/features'],
  ['flags', 'POST', '/unleash/api/client/register', {}],
  ['report', 'GET', LINK_PATHS.stream],
  ['report', 'POST', LINK_PATHS.report, REPORT],
  ['report', 'POST', LINK_PATHS.positions, { slices: [] }],
  ['report', 'POST', LINK_PATHS.observations, { observations: [] }],
  ['operate', 'PUT', '/api/v1/slices/notes/shadow', { percent: 10 }],
  ['operate', 'PUT', '/api/v1/slices/notes/serve', { percent: 0 }],
  ['operate', 'POST', '/api/v1/slices/notes/parity/reset', {}],
  ['operate', 'POST', '/api/v1/slices/notes/copy', {}],
  ['admin', 'PUT', '/api/v1/slices/notes/serve', { percent: 1, force: true }],
  ['admin', 'POST', '/api/v1/slices/pages/copy', { restart: true }],
];
const MAY: Readonly<Record<string, readonly string[]>> = {
  'edge-1': ['report', 'flags'],
  board: ['read'],
  'release bot': ['operate', 'read'],
  unleash: ['flags'],
  root: ['read', 'flags', 'report', 'operate', 'admin'],
};

it('readiness says why only to tokens that may read', async () => {
  const ask = async (token?: string) => {
    const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const response = await fetch(`${control.address}/readyz`, { headers });
    return { status: response.status, text: await response.text() };
  };
  const [open, mayNot, mayRead] = [await ask(), await ask(tokenOf('edge-1')), await ask(tokenOf('board'))];
  expect(mayNot).toEqual(open);
  expect([200, 503]).toContain(open.status);
  expect(mayRead.status).toBe(open.status);
});

describe.each(Object.entries(MAY))('the token of %s', (owner, roles) => {
  it.each(ENDPOINTS)('and what needs the role %s: %s %s', async (role, method, path, body) => {
    const { status, code } = await call(tokenOf(owner), method, path, body);
    if (roles.includes(role)) expect(code).not.toMatch(/ROLE_MISSING|FORBIDDEN/);
    else expect({ status, code }).toEqual({ status: 403, code: 'FICUS_CONTROL_ROLE_MISSING' });
  });
});

it('without a token nothing but probes and the page answers', async () => {
  for (const [, method, path, body] of ENDPOINTS)
    expect(await call(undefined, method, path, body)).toMatchObject({
      status: 401,
      code: 'FICUS_CONTROL_TOKEN_MISSING',
    });
  for (const path of ['/healthz', '/', '/openapi.json', '/.well-known/jwks.json'])
    expect((await call(undefined, 'GET', path)).status).toBe(200);
});

it('the audit names the owner of the token, whatever name the caller gives', async () => {
  const bot = createControlClient(control.address, tokenOf('release bot'), 'root');
  await bot.setShadow('notes', { percent: 30 });
  const [newest] = await createControlClient(control.address, tokenOf('board')).audit({ limit: 1 });
  expect(newest?.actor).toBe('release bot (root)');
});

const guess = () => call('guess-of-a-stranger', 'PUT', '/api/v1/slices/notes/serve', {});

it('wrong tokens are refused slowly, and logged without the token', async () => {
  lines.length = 0;
  const began = performance.now();
  for (const answer of await Promise.all(Array.from({ length: 5 }, guess)))
    expect(answer).toMatchObject({ status: 403, code: 'FICUS_CONTROL_FORBIDDEN' });
  expect(performance.now() - began).toBeGreaterThan(490);
  expect(lines.filter(({ msg }) => msg === 'request refused')).toMatchObject([
    { endpoint: 'PUT /api/v1/slices/:name/serve', peer: '127.0.0.1', reason: 'token-unknown' },
  ]);
  expect(JSON.stringify(lines)).not.toContain('guess-of-a-stranger');
});

it('while more wrong tokens wait than may, valid ones of the same address are answered', async () => {
  const answers: Awaited<ReturnType<typeof call>>[] = [];
  const guesses: Promise<unknown>[] = [];
  const refused = () => answers.filter(({ status }) => status === 429);
  // Ten a second are answered: guesses that come faster find no room in the end, on a slow machine as well.
  const fill = async () => {
    const before = refused().length;
    await expect
      .poll(
        () => {
          for (let n = 0; n < 10; n += 1) guesses.push(guess().then((answer) => answers.push(answer)));
          return refused().length;
        },
        { interval: 20 },
      )
      .toBeGreaterThan(before);
  };
  const waiting = () => guesses.length - answers.length;
  for (let turn = 0; turn < 3; turn += 1) {
    await fill();
    expect((await call(tokenOf('board'), 'GET', '/api/v1/slices')).status).toBe(200);
    expect(waiting()).toBeGreaterThan(20);
  }
  await Promise.all(guesses);
  for (const { code } of refused()) expect(code).toBe('FICUS_CONTROL_TOO_MANY_REFUSALS');
});

it('a removed token ends the streams that it has opened, and no other', async () => {
  const open = async (owner: string, path: string) => {
    const stream = { ended: false };
    const headers = { authorization: `Bearer ${tokenOf(owner)}` };
    const { body } = await fetch(`${control.address}${path}`, { headers });
    const read = async () => {
      for await (const _ of body!);
      stream.ended = true;
    };
    void read();
    return stream;
  };
  const edge = await open('edge-1', LINK_PATHS.stream);
  const flags = await open('unleash', '/unleash/api/client/streaming');
  await control.reload(config(TOKENS.filter(({ name }) => name !== 'edge-1')));
  await expect.poll(() => edge.ended).toBe(true);
  expect(flags.ended).toBe(false);
  await control.reload(config(TOKENS.filter(({ name }) => name !== 'unleash')));
  await expect.poll(() => flags.ended).toBe(true);
  await control.reload(config());
});

it('tokens are replaced by a reload: the old one is refused, the others stay', async () => {
  const replaced = { name: 'board', roles: ['read'], token: 'the-new-token-of-the-board' };
  await control.reload(config(TOKENS.map((token) => (token.name === 'board' ? replaced : token))));
  expect((await call(replaced.token, 'GET', '/api/v1/slices')).status).toBe(200);
  expect((await call(tokenOf('board'), 'GET', '/api/v1/slices')).status).toBe(403);
  expect((await call(tokenOf('root'), 'GET', '/api/v1/slices')).status).toBe(200);
  // None at all would open it to every program: that needs a restart.
  await control.reload(config([]));
  expect((await call(undefined, 'GET', '/api/v1/slices')).status).toBe(401);
});
