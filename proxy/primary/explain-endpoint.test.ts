import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Explanation } from '../explain/explanation.ts';
import { AdminAccess } from './admin-access.ts';
import { answerExplain } from './explain-endpoint.ts';

/** The status of the answer to a question that comes from an address. */
async function askFrom(
  remoteAddress: string,
  host: string,
  fields: Record<string, string> = {},
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
  const access = new AdminAccess({ control: () => undefined, logger: { warn: () => {} }, count: () => {} });
  await answerExplain(request as unknown as IncomingMessage, response as unknown as ServerResponse, access, {
    explain: async () => ({}) as Explanation,
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
