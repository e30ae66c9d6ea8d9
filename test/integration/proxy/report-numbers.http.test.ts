/** Reports of which the answer is missing: sent again as they were, under the same number, until one is answered. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  LINK_PATHS,
  type ObservationBatch,
  type ProxyReport,
  type TrafficCount,
  toProblem,
} from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anObservation } from '../../../control/parity/observation.fixture.ts';
import { ControlLink } from '../../../proxy/link/control-link.ts';
import { openObservationEnd } from '../../../proxy/worker/observation-end.ts';
import { refusingPort } from '../../parts/refusing-port.ts';

interface Post {
  readonly path: string;
  readonly body: ProxyReport & ObservationBatch;
  readonly response: ServerResponse;
}

let server: Server;
let posts: Post[];
/** What the server does once it has read a post. */
let answer: (post: Post, index: number) => void;
let refusals: string[];

const take = ({ response }: Post) => void response.writeHead(204).end();
/** It has taken the post, and its answer gets lost. */
const loseAnswer = ({ response }: Post) => void response.destroy();
const stall = () => {};

beforeEach(async () => {
  posts = [];
  refusals = [];
  server = createServer(async (request, response) => {
    if (request.method === 'GET') return void response.writeHead(404).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const post = { path: request.url!, body: JSON.parse(Buffer.concat(chunks).toString()), response };
    answer(post, posts.push(post) - 1);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const openLink = () =>
  new ControlLink({
    ...{ controlUrl: url(), headers: {}, proxyId: 'p' },
    ...{ onState: () => {}, onProgress: () => {}, onUp: () => {}, onDown: () => {} },
    onRefused: (reason) => refusals.push(reason),
    facts: () => ({ workers: 1, epochs: {} }),
  });
const counts = (requests: number) => {
  const traffic: TrafficCount = {
    ...{ slice: 'notes', route: 'list', side: 'legacy', reason: 'pinned' },
    ...{ requests, failures: 0, durationMs: 1 },
  };
  return { traffic: [traffic], durations: [], droppedCopies: [], plain: {} };
};
/** Number and requests of the reports that have counts: one without may leave by the clock, or when the link is lost. */
const sent = () =>
  posts.flatMap(({ body: { number, traffic } }) => traffic.map(({ requests }) => [number, requests]));

test('a report whose answer is lost is sent again with its number; later counts go into the next', async () => {
  answer = (post, index) => (index < 2 ? loseAnswer(post) : take(post));
  const link = openLink();
  link.addCounts(counts(10));
  await link.report();
  link.addCounts(counts(3));
  await expect.poll(() => posts.length).toBeGreaterThanOrEqual(4);
  await link.stop();
  expect(sent()).toEqual([
    [1, 10],
    [1, 10],
    [1, 10],
    [2, 3],
  ]);
});

test('one that a stalled control plane takes late is sent again with its number', async () => {
  answer = (post, index) => (index === 0 ? stall() : take(post));
  const link = openLink();
  link.addCounts(counts(10));
  await expect.poll(() => posts.length).toBeGreaterThanOrEqual(2);
  await link.stop();
  expect(sent()).toEqual([
    [1, 10],
    [1, 10],
  ]);
});

test('stop sends what has no answer, and then what was counted since', async () => {
  answer = (post, index) => (index === 0 ? loseAnswer(post) : take(post));
  const link = openLink();
  link.addCounts(counts(10));
  await link.report();
  link.addCounts(counts(3));
  await link.stop();
  expect(sent()).toEqual([
    [1, 10],
    [1, 10],
    [2, 3],
  ]);
});

test('a report that is refused for good holds none back, and is said once', async () => {
  answer = (post) =>
    post.body.traffic[0]?.requests === 4 ? take(post) : void post.response.writeHead(400).end();
  const link = openLink();
  for (const requests of [10, 3, 4]) {
    link.addCounts(counts(requests));
    await link.report();
  }
  await link.stop();
  expect(sent().map(([, requests]) => requests)).toEqual([10, 3, 4]);
  expect(new Set(posts.map(({ body }) => body.number)).size).toBe(posts.length);
  expect(refusals).toEqual(['the control plane answered 400']);
});

const observeOne = async (controlUrl = url()): Promise<string[]> => {
  const dropped: string[] = [];
  const control = { url: controlUrl, headers: {}, tls: undefined };
  const end = openObservationEnd(
    { control, observationsToPrimary: false },
    () => {},
    (_, reason) => dropped.push(reason),
  );
  end.observe(anObservation());
  await end.flush(60_000);
  return dropped;
};

test('a batch whose answer is lost is sent once more with its number, where older control planes have nothing', async () => {
  answer = (post, index) => (index === 0 ? loseAnswer(post) : take(post));
  expect(await observeOne()).toEqual([]);
  expect(posts.map(({ path }) => path)).toEqual([LINK_PATHS.observations, LINK_PATHS.observationsAgain]);
  const [first, again] = posts.map(({ body: { sender, number } }) => `${sender} ${number}`);
  expect(again).toBe(first);
});

test.each([
  ['is lost as well', loseAnswer],
  ['is the 404 of an older control plane', ({ response }: Post) => void response.writeHead(404).end()],
])('when the second answer %s, it is unknown whether the batch was taken', async (_, second) => {
  answer = (post, index) => (index === 0 ? loseAnswer(post) : second(post));
  expect([await observeOne(), posts.length]).toEqual([['arrival-unknown'], 2]);
});

test('a batch that a busy control plane has no room for is sent again; one that a gateway refuses as often is not', async () => {
  const busy = JSON.stringify(toProblem('FICUS_CONTROL_TOO_MANY_BATCHES', 'busy'));
  answer = (post, index) => (index === 0 ? void post.response.writeHead(429).end(busy) : take(post));
  expect([await observeOne(), posts.length]).toEqual([[], 2]);
  answer = (post) => void post.response.writeHead(429).end('<p>Too many requests</p>');
  expect([await observeOne(), posts.length]).toEqual([['control-unreachable'], 3]);
});

test('a batch that is refused, or that no server listens for, is not sent again', async () => {
  answer = (post) => void post.response.writeHead(403).end();
  expect([await observeOne(), posts.length]).toEqual([['control-unreachable'], 1]);
  const gone = `http://127.0.0.1:${await refusingPort()}`;
  expect(await observeOne(gone)).toEqual(['control-unreachable']);
});
