/** Who may read /status: where tokens exist, other machines need one. */
import type { IncomingMessage } from 'node:http';
import type { FicusError } from '@ficus/core';
import { expect, test, vi } from 'vitest';
import { AdminAccess } from './admin-access.ts';

const TOKEN = 'a token that may read 1234';

interface Asked {
  readonly from?: string;
  readonly host?: string;
  readonly token?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly httpVersion?: string;
  readonly what?: 'requireReader' | 'requireStatusReader' | 'requireScraper';
}

function accessWith(token: string | undefined): AdminAccess {
  const logger = { warn: () => {} };
  const control = () => ({
    token: undefined,
    tokens: token ? [{ name: 'ann', roles: ['read'], token }] : [],
  });
  return new AdminAccess({ control: control as never, logger, count: () => {} });
}

/** The code of the refusal; `read` where there is none. */
async function read(token: string | undefined, asked: Asked, access = accessWith(token)): Promise<string> {
  const { from = '127.0.0.1', host = '10.0.0.4:8082', fields } = asked;
  const authorization = asked.token && `Bearer ${asked.token}`;
  const headers = { host, ...(authorization && { authorization }), ...fields };
  const { httpVersion = '1.1', what = 'requireStatusReader' } = asked;
  const request = { method: 'GET', url: '/', headers, httpVersion, socket: { remoteAddress: from } };
  try {
    await access[what](request as unknown as IncomingMessage);
    return 'read';
  } catch (error) {
    return (error as FicusError).code;
  }
}

const far = { from: '10.0.0.9' };
const forwarded = { host: '127.0.0.1:8082', fields: { 'x-forwarded-for': '203.0.113.9' } };

test.each<[string, Asked, string]>([
  ['a program of this machine', {}, 'read'],
  ['another machine, without a token', far, 'FICUS_CONTROL_TOKEN_MISSING'],
  ['another machine, with a wrong one', { ...far, token: 'made up' }, 'FICUS_PROXY_NOT_EXPLAINED'],
  ['another machine, with the token', { ...far, token: TOKEN }, 'read'],
  ['a proxy of this machine for somebody else', forwarded, 'FICUS_PROXY_FOREIGN_ORIGIN'],
  ['the same, with the token', { ...forwarded, token: TOKEN }, 'read'],
])('where there are tokens: %s', async (_, asked, outcome) => {
  expect(await read(TOKEN, asked)).toBe(outcome);
});

test.each<[string, Asked, string]>([
  ['another machine', far, 'read'],
  ['a proxy of this machine for somebody else', forwarded, 'FICUS_PROXY_FOREIGN_ORIGIN'],
])('where there are none: %s', async (_, asked, outcome) => {
  expect(await read(undefined, asked)).toBe(outcome);
});

const nginx = { host: '127.0.0.1:8082', httpVersion: '1.0' };

test.each<[string, Asked, string]>([
  ['/status, from nginx as it speaks by itself', nginx, 'FICUS_PROXY_FOREIGN_ORIGIN'],
  ['/explain, from the same', { ...nginx, what: 'requireReader' }, 'FICUS_PROXY_NOT_EXPLAINED'],
  ['/explain, from itself', { host: '127.0.0.1:8082', what: 'requireReader' }, 'read'],
  ['/metrics, for somebody else', { ...forwarded, what: 'requireScraper' }, 'FICUS_PROXY_FOREIGN_ORIGIN'],
  [
    '/metrics, through the sidecar of a mesh',
    {
      fields: { 'x-forwarded-proto': 'http', 'x-forwarded-client-cert': 'By=spiffe://a;URI=spiffe://b' },
      what: 'requireScraper',
    },
    'read',
  ],
  ['/metrics, by any name', { ...far, host: 'proxy.default.svc', what: 'requireScraper' }, 'read'],
])('without a token: %s', async (_, asked, outcome) => {
  expect(await read(undefined, asked)).toBe(outcome);
});

test.each<[string, string | undefined, string]>([
  ['none', undefined, 'FICUS_PROXY_FOREIGN_ORIGIN'],
  ['a wrong one', 'made up', 'FICUS_PROXY_NOT_EXPLAINED'],
  ['one that may read', TOKEN, 'read'],
])('/metrics for somebody else, with tokens: %s', async (_, token, outcome) => {
  const asked = { ...forwarded, ...(token && { token }), what: 'requireScraper' } as const;
  expect(await read(TOKEN, asked)).toBe(outcome);
});

test('wrong tokens of one address are answered one after the other, and the right one at once', async () => {
  vi.useFakeTimers();
  try {
    const access = accessWith(TOKEN);
    const answers: string[] = [];
    const ask = (token: string) => read(TOKEN, { ...far, token }, access);
    for (let turn = 0; turn < 60; turn += 1) void ask('made up').then((answer) => answers.push(answer));
    expect(await ask(TOKEN)).toBe('read');
    await vi.advanceTimersByTimeAsync(0);
    expect(answers).toEqual(Array.from({ length: 10 }, () => 'FICUS_CONTROL_TOO_MANY_REFUSALS'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(answers.filter((answer) => answer === 'FICUS_PROXY_NOT_EXPLAINED')).toHaveLength(10);
  } finally {
    vi.useRealTimers();
  }
});
