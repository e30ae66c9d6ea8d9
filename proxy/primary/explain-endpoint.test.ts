import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { FicusError } from '@ficus/core';
import type pino from 'pino';
import { beforeEach, expect, test } from 'vitest';
import type { Explanation } from '../explain/explanation.ts';
import { AdminAccess } from './admin-access.ts';
import { answerExplain, type ExplainFacts } from './explain-endpoint.ts';

let logged: unknown[];
beforeEach(() => {
  logged = [];
});

/** The status of the answer to a question that comes from an address. */
async function askFrom(
  remoteAddress: string,
  host: string,
  fields: Record<string, string> = {},
  explain: ExplainFacts['explain'] = async () => ({}) as Explanation,
): Promise<number> {
  const body = Readable.from([Buffer.from('{"method":"GET","url":"/"}')]);
  const headers = { host, ...fields };
  const request = Object.assign(body, { method: 'POST', headers, socket: { remoteAddress } });
  let status = 0;
  const response = {
    destroyed: false,
    writeHead: (given: number) => {
      status = given;
    },
    end: () => {},
  };
  const logger = { warn: () => {}, error: (facts: unknown) => logged.push(facts) } as unknown as pino.Logger;
  const access = new AdminAccess({ control: () => undefined, logger, count: () => {} });
  await answerExplain(request as unknown as IncomingMessage, response as unknown as ServerResponse, access, {
    explain,
    logger,
  });
  return status;
}

test.each<[string, string, number]>([
  ['127.0.0.1', '127.0.0.1:9090', 200],
  ['::ffff:127.0.0.1', 'localhost:9090', 200],
  ['::1', '[::1]:9090', 200],
  ['10.0.0.9', '127.0.0.1:9090', 403],
  ['10.0.0.9', 'proxy.internal:9090', 403],
  ['fe80::1', '[::1]', 403],
  ['127.0.0.1', 'shop.example', 403],
  ['127.0.0.1', '127.0.0.1.shop.example', 403],
  ['127.0.0.1', '[::1', 403],
  ['127.0.0.1', '', 403],
  ['', '127.0.0.1', 403],
])('without tokens, from %s to %s: %i', async (from, host, status) => {
  expect(await askFrom(from, host)).toBe(status);
});

test('a page of this machine may not ask either', async () => {
  expect(await askFrom('127.0.0.1', '127.0.0.1', { origin: 'http://127.0.0.1' })).toBe(403);
  expect(await askFrom('127.0.0.1', '127.0.0.1', { 'sec-fetch-site': 'none' })).toBe(403);
});

test.each([
  ['X-Forwarded-For', '10.0.0.9'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Real-IP', '10.0.0.9'],
  ['Forwarded', 'for=10.0.0.9'],
  ['Via', '1.1 edge'],
])('what a proxy on this machine forwards, with %s, is no question of this machine', async (name, value) => {
  expect(await askFrom('127.0.0.1', '127.0.0.1:9090', { [name.toLowerCase()]: value })).toBe(403);
});

test('why a question failed is in the log, once; an error for the caller is not', async () => {
  const bug = new Error('a bug');
  const fail = async () => {
    throw bug;
  };
  expect(await askFrom('127.0.0.1', 'localhost', {}, fail)).toBe(500);
  expect(logged).toEqual([{ err: bug }]);
  const overloaded = async () => {
    throw new FicusError('FICUS_PROXY_OVERLOADED', 'Too many.');
  };
  expect(await askFrom('127.0.0.1', 'localhost', {}, overloaded)).toBe(503);
  expect(logged).toHaveLength(1);
});
