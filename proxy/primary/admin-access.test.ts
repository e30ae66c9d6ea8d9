/** Who may read /status: where tokens exist, other machines need one. */
import type { IncomingMessage } from 'node:http';
import type { FicusError } from '@ficus/core';
import { expect, test } from 'vitest';
import { AdminAccess } from './admin-access.ts';

const TOKEN = 'a token that may read 1234';

interface Asked {
  readonly from?: string;
  readonly host?: string;
  readonly token?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** The code of the refusal; `read` where there is none. */
async function read(token: string | undefined, asked: Asked): Promise<string> {
  const logger = { warn: () => {} };
  const control = () => ({
    token: undefined,
    tokens: token ? [{ name: 'ann', roles: ['read'], token }] : [],
  });
  const access = new AdminAccess({ control: control as never, logger, count: () => {} });
  const { from = '127.0.0.1', host = '10.0.0.4:8082', fields } = asked;
  const authorization = asked.token && `Bearer ${asked.token}`;
  const headers = { host, ...(authorization && { authorization }), ...fields };
  const request = { method: 'GET', url: '/status', headers, socket: { remoteAddress: from } };
  try {
    await access.requireStatusReader(request as unknown as IncomingMessage);
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
