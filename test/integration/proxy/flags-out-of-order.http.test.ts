/** Two overlapping readings of flags: the one that began first may end last, and must not bring the older set back. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientFeatures } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import { createFeaturesPoll } from '../../../proxy/flags/features-poll.ts';
import { openFlagsFile } from '../../../proxy/flags/flags-file.ts';
import { noteFlags, until } from './rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const setOf = (serve: number): ClientFeatures => ({
  version: 2,
  features: noteFlags(serve, 0),
  segments: [],
});

test('of a file: the reading that began last counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-flags-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const taken: unknown[] = [];
  const problems: string[] = [];
  const slow = Promise.withResolvers<ClientFeatures>();
  const readings = [slow.promise, Promise.resolve(setOf(100))];
  const source = openFlagsFile(
    join(folder, 'flags.json'),
    { onFlags: (set) => taken.push(set), onProblem: (problem) => problems.push(problem) },
    () => readings.shift()!,
  );
  cleanups.push(() => source.stop());
  await source.reload();
  expect(taken).toEqual([setOf(100)]);
  slow.resolve(setOf(0));
  await source.first;
  expect(taken).toEqual([setOf(100)]);
  expect(problems).toEqual([]);
});

async function heldPoll() {
  const asked: { response: ServerResponse; tag: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ response, tag: request.headers['if-none-match'] });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.closeAllConnections() ?? server.close());
  const poll = createFeaturesPoll(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, {});
  cleanups.push(() => poll.stop());
  const ask = async () => {
    const before = asked.length;
    const answer = poll.ask();
    await until(() => asked.length > before, 'asked');
    return { answer, ...asked.at(-1)! };
  };
  return { poll, ask };
}

const answer = (response: ServerResponse, serve: number) =>
  response.writeHead(200, { etag: `"${serve}"` }).end(JSON.stringify(setOf(serve)));

test('of a server: the last poll counts, with its tag', async () => {
  const { ask } = await heldPoll();
  const first = await ask();
  const second = await ask();
  answer(second.response, 100);
  expect(await second.answer).toEqual(setOf(100));
  answer(first.response, 0);
  expect(await first.answer).toBeUndefined();
  const third = await ask();
  expect(third.tag).toBe('"100"');
  third.response.writeHead(304).end();
  expect(await third.answer).toBeUndefined();
});

test('of a server: a poll that began before the stream brought a set is older than that set', async () => {
  const { poll, ask } = await heldPoll();
  const first = await ask();
  poll.forget();
  answer(first.response, 0);
  expect(await first.answer).toBeUndefined();
  const second = await ask();
  expect(second.tag).toBeUndefined();
  answer(second.response, 100);
  expect(await second.answer).toEqual(setOf(100));
});
