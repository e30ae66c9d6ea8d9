/**
 * The shop's requests for notifications, when the API that takes them is elsewhere: a gate in front of the shop and the
 * service forwards to the owner, holds, refuses, and loses answers, as a proxy may while the owner changes.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as sendTo } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '../../contract/eventually.ts';
import { mappedService, type SampleDatabase, seededShop } from '../../contract/sample-databases.ts';
import { type SampleProcess, startSample } from '../../contract/sample-process.ts';
import { type ContractSubject, INTERNAL_TOKEN, logIn, serviceOver } from '../../contract/sample-subjects.ts';

type Mode = 'forward' | 'hold' | 'refuse' | 'lose-answers';

let mode: Mode = 'forward';
let owner: string;
const waiting: (() => void)[] = [];
const seen: { path: string; cookie: string | undefined; bodies: number }[] = [];

let shop: SampleDatabase;
let app: SampleProcess;
let service: ContractSubject;
let serviceDatabase: SampleDatabase;
const gate = createServer(pass);

beforeAll(async () => {
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  shop = await seededShop(inject('postgresPort'));
  serviceDatabase = await mappedService(inject('postgresPort'), shop);
  service = await serviceOver(serviceDatabase, [serviceDatabase]);
  app = await startSample('legacy-monolith', {
    DATABASE_URL: shop.url,
    INTERNAL_TOKEN,
    NOTIFICATIONS_API_URL: `http://127.0.0.1:${(gate.address() as AddressInfo).port}`,
  });
  owner = app.address;
});
afterAll(async () => {
  turn('forward');
  await app?.stop();
  gate.closeAllConnections();
  gate.close();
  await service?.[Symbol.asyncDispose]();
  await shop?.[Symbol.asyncDispose]();
});
afterEach(() => {
  turn('forward');
  owner = app.address;
  seen.length = 0;
});

function turn(next: Mode): void {
  mode = next;
  if (next !== 'hold') for (const release of waiting.splice(0)) release();
}

async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray());
  seen.push({
    path: `${request.method} ${request.url}`,
    cookie: request.headers.cookie,
    bodies: body.length,
  });
  if (mode === 'hold') await new Promise<void>((resolve) => waiting.push(resolve));
  if (mode === 'refuse') return void response.writeHead(503).end();
  const { hostname, port } = new URL(owner);
  const forwarded = sendTo(
    { hostname, port, method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      if (mode === 'lose-answers') {
        answer.resume();
        return response.destroy();
      }
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    },
  );
  forwarded.on('error', () => response.destroy());
  forwarded.end(body);
}

const send = async (customer: number, method: string, path: string, json?: unknown) => {
  const response = await fetch(app.address + path, {
    method,
    redirect: 'manual',
    headers: {
      cookie: await logIn(app.address, customer),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  return { status: response.status, text: await response.text() };
};

/** @returns the order's id */
const placeOrder = async (customer: number): Promise<number> => {
  await send(customer, 'PUT', '/api/cart/items/7', { quantity: 1 });
  const { status, text } = await send(customer, 'POST', '/api/orders');
  expect(status).toBe(201);
  return (JSON.parse(text) as { id: number }).id;
};

const onShop = async (order: number) =>
  (await shop.query('SELECT FROM notifications WHERE order_id = $1', [order])).length;
const onService = async (order: number) =>
  (await serviceDatabase.query('SELECT FROM notification WHERE reference = $1', [`order/${order}`])).length;
const pending = async () => (await shop.query('SELECT FROM notification_requests')).length;
const posts = () => seen.filter(({ path }) => path === 'POST /internal/notifications');

it('are posted in the name of the customer who has ordered', async () => {
  const order = await placeOrder(1);
  await eventually(async () => expect([await onShop(order), await pending()]).toEqual([1, 0]));
  expect(posts()[0]?.cookie).toMatch(/^sid=/);
});

it('delay no order while they are held, and arrive once, wherever they then belong', async () => {
  turn('hold');
  const began = performance.now();
  const orders = await Promise.all([2, 3, 4, 5].map(placeOrder));
  // Without a bound of their own they would wait for the call's, five seconds.
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(await Promise.all(orders.map(onShop))).toEqual([0, 0, 0, 0]);
  owner = service.address;
  turn('forward');
  await eventually(async () => expect(await Promise.all(orders.map(onService))).toEqual([1, 1, 1, 1]));
  await eventually(async () => expect(await pending()).toBe(0));
  expect(await Promise.all(orders.map(onShop))).toEqual([0, 0, 0, 0]);
});

it('are posted again after they were refused, many in one post', async () => {
  turn('refuse');
  const orders = await Promise.all([6, 7, 9, 10].map(placeOrder));
  await eventually(() => expect(posts().length).toBeGreaterThan(8));
  expect(await pending()).toBe(4);
  seen.length = 0;
  turn('forward');
  await eventually(async () => expect(await Promise.all(orders.map(onShop))).toEqual([1, 1, 1, 1]));
  await eventually(async () => expect(await pending()).toBe(0));
  expect(posts().length).toBeLessThan(3);
});

it('make one notification when their answers are lost, and they are posted again', async () => {
  turn('lose-answers');
  const order = await placeOrder(11);
  await eventually(async () => expect([await onShop(order), posts().length > 3]).toEqual([1, true]));
  expect(await pending()).toBe(1);
  turn('forward');
  await eventually(async () => expect([await onShop(order), await pending()]).toEqual([1, 0]));
});

it('stay when an address leads elsewhere and answers 200', async () => {
  const elsewhere = createServer((_request, response) => response.end('welcome')).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  owner = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const order = await placeOrder(12);
  await eventually(() => expect(posts().length).toBeGreaterThan(2));
  expect(await pending()).toBe(1);
  owner = app.address;
  await eventually(async () => expect([await onShop(order), await pending()]).toEqual([1, 0]));
  elsewhere.closeAllConnections();
  elsewhere.close();
});

it('the pages read and write through the same API, in the name of their visitor', async () => {
  const [{ id } = { id: '' }] = await shop.query<{ id: string }>(
    'SELECT id FROM notifications WHERE customer_id = 13 AND NOT is_read LIMIT 1',
  );
  for (const [method, path] of [
    ['GET', '/inbox'],
    ['GET', '/inbox?before=4000'],
    ['POST', `/inbox/${id}/read`],
    ['POST', '/inbox/read-all'],
    ['GET', '/preferences'],
    ['POST', '/preferences'],
  ] as const)
    expect((await send(13, method, path)).status, path).toBe(method === 'GET' ? 200 : 303);
  expect(seen.map(({ path }) => path)).toEqual([
    'GET /api/notifications?limit=25',
    'GET /api/notifications?limit=25&before=4000',
    `POST /api/notifications/${id}/read`,
    'POST /api/notifications/read-all',
    'GET /api/notification-preferences',
    'PUT /api/notification-preferences',
  ]);
  expect(seen.every(({ cookie }) => cookie?.startsWith('sid='))).toBe(true);
});

it('the pages say so while the API is away, and all others work', async () => {
  turn('refuse');
  const inbox = await send(14, 'GET', '/inbox');
  expect(inbox.status).toBe(503);
  expect(inbox.text).toContain('Notifications are unavailable. Try again in a moment.');
  expect((await send(14, 'GET', '/orders')).status).toBe(200);
  expect((await send(14, 'POST', '/inbox/999999999/read')).status).toBe(503);
  turn('forward');
  expect((await send(14, 'POST', '/inbox/999999999/read')).status).toBe(404);
});
