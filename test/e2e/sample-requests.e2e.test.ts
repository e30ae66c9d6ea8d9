/**
 * The whole sample: orders, pages and jobs write notifications through the slice's routes and in no other way, a customer
 * who has ordered reads the notification at once, and orders know nothing of a change of owner.
 */
import { rm } from 'node:fs/promises';
import { createControlClient } from '@ficus/contract';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bringUp, type Sample } from '../../sample/whole/bring-up.ts';
import { changeOwner } from '../integration/control/cutover/change-owner.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';

const WAIT = { timeout: 60_000, interval: 200 };

let directory: string;
let sample: Sample;
const control = () => createControlClient(sample.controlUrl, undefined, 'test');

beforeAll(async () => {
  directory = await makeTestDirectory('sample-requests');
  const ports = { proxyPort: 0, controlPort: 0, monolithPort: 0, servicePort: 0, postgresPort: 0 };
  sample = await bringUp({ directory, scale: 0.01, ...ports, onStep: () => undefined });
  await vi.waitFor(async () => {
    const { copied, state } = await control().replication('notifications');
    expect([copied, state]).toEqual([true, 'streaming']);
  }, WAIT);
  await control().observeWriters('notifications', { on: true, reason: 'test' });
});
afterAll(async () => {
  await sample?.stop();
  await rm(directory, { recursive: true, force: true });
});

const cookies = new Map<number, string>();

async function cookieOf(customer: number): Promise<string> {
  const known = cookies.get(customer);
  if (known !== undefined) return known;
  const login = await fetch(`${sample.proxyUrl}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `customer${customer}@example.test`, password: 'ficus' }),
  });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  cookies.set(customer, cookie);
  return cookie;
}

async function send(customer: number, method: string, path: string, json?: unknown): Promise<Response> {
  return fetch(sample.proxyUrl + path, {
    method,
    redirect: 'manual',
    headers: {
      cookie: await cookieOf(customer),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
}

interface Inbox {
  readonly items: readonly { readonly orderId: number | null; readonly kind: string }[];
}

/** Whether the answer to the read that follows the order names it, and why that side gave it. */
async function orderAndLook(customer: number): Promise<{ seen: boolean; side: string | null }> {
  await send(customer, 'PUT', '/api/cart/items/7', { quantity: 1 });
  const { id } = (await (await send(customer, 'POST', '/api/orders')).json()) as { id: number };
  const answer = await send(customer, 'GET', '/api/notifications?limit=5');
  const { items } = (await answer.json()) as Inbox;
  return { seen: items.some(({ orderId }) => orderId === id), side: answer.headers.get('x-ficus-side') };
}

test('a customer who has ordered reads the notification at once, from whichever side', async () => {
  await control().setServe('notifications', { percent: 100, reason: 'test' });
  // A busy machine may need longer than a customer waits for the post, once; not each time.
  await vi.waitFor(async () => expect(await orderAndLook(1)).toMatchObject({ seen: true }), WAIT);
  // The pin ends when the stream has the notification.
  await vi.waitFor(async () => {
    const answer = await send(1, 'GET', '/api/notifications?limit=5');
    await answer.body?.cancel();
    expect(answer.headers.get('x-ficus-side')).toBe('candidate');
  }, WAIT);
});

test('no stranger makes notifications through the proxy', async () => {
  for (const headers of [{}, { cookie: await cookieOf(2) }, { 'x-internal-token': 'guess' }]) {
    const answer = await fetch(`${sample.proxyUrl}/internal/notifications`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(401);
    await answer.body?.cancel();
  }
});

test('no writer of the tables is left to explain', { timeout: 120_000 }, async () => {
  const before = await control().writers('notifications');
  for (let customer = 3; customer < 13; customer += 1) {
    await orderAndLook(customer);
    for (const path of ['/inbox/read-all', '/preferences'])
      expect((await send(customer, 'POST', path)).status).toBe(303);
  }
  // Reminders have come by themselves meanwhile.
  await vi.waitFor(async () => {
    const { answer, writers, unexplained, reasons } = await control().writers('notifications');
    expect(writers.map(({ verdict, application }) => [application, verdict])).toEqual([['shop', 'proxied']]);
    expect([unexplained, reasons, answer]).toEqual([0, [], 'pass']);
  }, WAIT);
  expect(before.requiredMs).toBe(20_000);
});

test('orders and pages work while the owner changes there and back, and each order is notified of once', {
  timeout: 240_000,
}, async () => {
  let stop = false;
  const orders: number[] = [];
  const failures: string[] = [];
  const customers = [21, 22, 23, 24, 25].map(async (customer) => {
    while (!stop) {
      await send(customer, 'PUT', '/api/cart/items/9', { quantity: 1 });
      const order = await send(customer, 'POST', '/api/orders');
      if (order.status === 201) orders.push(((await order.json()) as { id: number }).id);
      else failures.push(`order ${order.status} ${await order.text()}`);
      const page = await send(customer, 'POST', '/inbox/read-all');
      if (page.status !== 303) failures.push(`page ${page.status} ${await page.text()}`);
    }
  });
  try {
    for (const operation of ['cutover', 'rollback'] as const) {
      await control().verify('notifications');
      const { attempt } = await changeOwner(control(), operation, {}, 'notifications');
      expect(attempt).toMatchObject({ operation, state: 'done', failure: null });
      const placed = orders.length;
      await vi.waitFor(() => expect(orders.length).toBeGreaterThan(placed + 10), WAIT);
    }
  } finally {
    stop = true;
    await Promise.all(customers);
  }
  expect(failures).toEqual([]);
  // None of these customers has muted anything, so each order has one notification, on both sides.
  const { shop, notifications } = sample.databases;
  const expected = orders.toSorted((a, b) => a - b).map((id) => `order/${id}`);
  await vi.waitFor(async () => {
    expect(await column(shop, 'SELECT id FROM notification_requests')).toEqual([]);
    for (const found of [
      await column(notifications, 'SELECT reference FROM notification WHERE reference = ANY ($1)', [
        expected,
      ]),
      await column(
        shop,
        `SELECT 'order/' || order_id FROM notifications WHERE order_id = ANY ($1::bigint[])`,
        [orders],
      ),
    ])
      expect(found.toSorted(byNumber)).toEqual(expected);
  }, WAIT);
});

const byNumber = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

/** The first column of the rows. */
async function column(url: string, text: string, values: readonly unknown[] = []): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<string[]>({ text, values: [...values], rowMode: 'array' });
    return rows.map(([value]) => value!);
  } finally {
    await client.end();
  }
}
