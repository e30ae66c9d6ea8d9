/** The benchmark's clients against a server that stalls, fails and forgets: they record what a client would have felt. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LoadCrowd } from '../../../bench/cutover/load/load-crowd.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A busy machine may take that long. */
const WAIT = { timeout: 30_000 };

let server: Server;
let answer: Answer;
let crowd: LoadCrowd;
const broken = vi.fn();

/** What a server says that has every write. */
const honest: Answer = (request, response) => {
  const [, id = '0'] = /(\d+)/.exec(request.url ?? '') ?? [];
  say(response, 200, { id: Number(id), read: true });
};

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

beforeEach(async () => {
  broken.mockReset();
  answer = honest;
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  await crowd.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function startCrowd(notifications: number): void {
  const settings = {
    addresses: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    users: [1, 2, 3].map((customer) => ({ customer, cookie: `sid=${customer}` })),
    unread: Array.from({ length: notifications }, (_, at) => ({ id: at + 1, user: at % 3 })),
    inserts: false,
    writesPerSecond: 200,
    readsPerSecond: 200,
  };
  crowd = new LoadCrowd(settings, broken);
}

test('a stalled server holds up no other request: all that was due meanwhile waits as long as a client would', async () => {
  const held: (() => void)[] = [];
  answer = (request, response) => held.push(() => honest(request, response));
  startCrowd(1_000);
  await vi.waitFor(() => expect(held.length).toBeGreaterThan(60), WAIT);
  answer = honest;
  for (const release of held) release();
  await crowd.stop();
  const writes = crowd.writes.toSorted((a, b) => a.dueAt - b.dueAt);
  expect(writes.every(({ acknowledged }) => acknowledged)).toBe(true);
  // The first waited for all the others to become due: 30 writes at 5 ms.
  expect(writes[0]!.endedAt - writes[0]!.dueAt).toBeGreaterThan(100);
  expect(new Set(writes.map(({ key }) => key)).size).toBe(writes.length);
});

test('a read after a user’s own write is seen or stale, by what the answer holds', async () => {
  answer = (request, response) =>
    request.method === 'GET' ? say(response, 200, { read: false }) : honest(request, response);
  startCrowd(1_000);
  await vi.waitFor(() => expect(crowd.reads.some(({ ownWrite }) => ownWrite === 'stale')).toBe(true), WAIT);
  expect(crowd.reads.some(({ ownWrite }) => ownWrite === 'seen')).toBe(false);
  answer = honest;
  await vi.waitFor(() => expect(crowd.reads.some(({ ownWrite }) => ownWrite === 'seen')).toBe(true), WAIT);
});

test('a row that is gone is stale, not a failed read', async () => {
  answer = (request, response) =>
    request.method === 'GET' ? say(response, 404, {}) : honest(request, response);
  startCrowd(1_000);
  await vi.waitFor(
    () => expect(crowd.reads).toContainEqual(expect.objectContaining({ ownWrite: 'stale', failure: '' })),
    WAIT,
  );
});

test('failures are recorded with what the client saw', async () => {
  answer = (request, response) => {
    if (request.method === 'GET') request.socket.destroy();
    else say(response, 500, { code: '23505' });
  };
  startCrowd(1_000);
  await vi.waitFor(() => expect(crowd.reads.length).toBeGreaterThan(0), WAIT);
  await vi.waitFor(() => expect(crowd.writes.length).toBeGreaterThan(0), WAIT);
  expect(crowd.reads[0]).toMatchObject({ failure: 'ECONNRESET', ownWrite: 'unchecked' });
  expect(crowd.writes[0]).toMatchObject({ failure: 'status 500, 23505', acknowledged: false });
});

test('a load that has nothing left to write says so', async () => {
  startCrowd(3);
  await vi.waitFor(() => expect(broken).toHaveBeenCalledWith(expect.stringContaining('seed more')), WAIT);
  // The last answers may still be on their way.
  await vi.waitFor(() => expect(crowd.writes).toHaveLength(3), WAIT);
});
