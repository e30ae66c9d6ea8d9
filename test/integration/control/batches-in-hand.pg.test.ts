/** Batches of observations are bounded before they are read: a holder of a proxy's token cannot stop the control plane. */

import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS } from '@ficus/core';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { createTestDatabase, silent, type TestDatabase, testConfig } from './rig.ts';

const TOKENS = ['edge-1', 'edge-2'].map((name) => ({
  name,
  roles: ['report' as const],
  token: `${name}-sixteen-characters`,
}));
const LARGEST = 16 * 1024 * 1024;

let database: TestDatabase;
let control: Control;
const open: ClientRequest[] = [];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url, {
      control: {
        listen: '127.0.0.1:0',
        database: database.url,
        token: 'admin-sixteen-chars',
        tokens: TOKENS,
      },
    }),
    logger: silent,
  });
});
afterEach(async () => {
  for (const one of open.splice(0)) one.destroy();
  await control.stop();
  await database.drop();
});

/** Announces a body, and sends what is given of it. */
function begin(owner: number, length: number, body: string | Buffer = ''): Promise<IncomingMessage> {
  const post = request(control.address + LINK_PATHS.observations, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `Bearer ${TOKENS[owner]!.token}`,
      'content-type': 'application/json',
      'content-length': length,
    },
  });
  open.push(post);
  post.flushHeaders();
  post.write(body);
  return new Promise((resolve, reject) => {
    post.on('error', reject);
    post.on('response', (response) => resolve(response.resume()));
  });
}

const empty = JSON.stringify({ observations: [] });
const send = async (owner: number, body: string) => (await begin(owner, body.length, body)).statusCode;

it('refuses a batch that is too large, without reading it, and one of too many values', async () => {
  expect((await begin(0, LARGEST + 1)).statusCode).toBe(400);
  expect(await send(0, `{"observations":[],"z":[${'{"a":0},'.repeat(2_000_000)}0]}`)).toBe(400);
  expect(await send(0, empty)).toBe(204);
});

it('a token has 64 MiB of them in hand, others have their own, and what is given up makes room', async () => {
  const held = Array.from({ length: 4 }, () => begin(0, LARGEST).catch(() => 'ended'));
  await expect.poll(() => send(0, empty)).toBe(429);
  const refused = await begin(0, empty.length, empty);
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '1']);
  expect(await send(1, empty)).toBe(204);
  open[0]!.destroy();
  expect(await held[0]).toBe('ended');
  await expect.poll(() => send(0, empty)).toBe(204);
  for (const one of open.splice(0)) one.destroy();
  await Promise.all(held);
});
