/** Orders from cart to delivery: what is asked for and relayed, what the streams say, what the reminder job does. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../contract/eventually.ts';
import { type SampleDatabase, seededShop } from '../../contract/sample-databases.ts';
import { type SampleProcess, startSample } from '../../contract/sample-process.ts';
import { logIn } from '../../contract/sample-subjects.ts';

interface OrderBody {
  readonly id: number;
  readonly state: string;
  readonly total: string;
  readonly payment: { readonly method: string; readonly state: string } | null;
  readonly lines: readonly { readonly productId: number; readonly quantity: number }[];
}

describe('orders', () => {
  let shop: SampleDatabase;
  let app: SampleProcess;
  beforeAll(async () => {
    shop = await seededShop(inject('postgresPort'));
    app = await startSample('legacy-monolith', { DATABASE_URL: shop.url });
  });
  afterAll(async () => {
    await app?.stop();
    await shop?.[Symbol.asyncDispose]();
  });

  const send = async (customer: number, method: string, path: string, json?: unknown) => {
    const response = await fetch(app.address + path, {
      method,
      headers: {
        cookie: await logIn(app.address, customer),
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as OrderBody };
  };

  const placeOrder = async (customer: number): Promise<OrderBody> => {
    await send(customer, 'PUT', '/api/cart/items/7', { quantity: 2 });
    return (await send(customer, 'POST', '/api/orders')).body;
  };

  const notificationsAbout = (orderId: number) =>
    shop.query<{ kind: string; payload: { state: string; total: string }; tags: string[] }>(
      'SELECT kind, payload, tags FROM notifications WHERE order_id = $1 ORDER BY id',
      [orderId],
    );

  /** A busy machine may need longer for the post than a customer waits for it. */
  const kindsAbout = (orderId: number, kinds: readonly string[]) =>
    eventually(async () =>
      expect((await notificationsAbout(orderId)).map(({ kind }) => kind)).toEqual(kinds),
    );

  it('go from cart to delivery, and the customer is notified of each step', async () => {
    const [stock] = await shop.query<{ quantity: number }>('SELECT quantity FROM stock WHERE product_id = 7');
    await send(1, 'PUT', '/api/cart/items/7', { quantity: 2 });
    const placed = await send(1, 'POST', '/api/orders');
    const { id, total } = placed.body;
    expect(placed.status).toBe(201);
    expect(placed.headers.get('location')).toBe(`/api/orders/${id}`);
    expect(placed.body).toMatchObject({
      state: 'placed',
      payment: null,
      lines: [{ productId: 7, quantity: 2 }],
    });
    const [left] = await shop.query<{ quantity: number }>('SELECT quantity FROM stock WHERE product_id = 7');
    expect(left!.quantity).toBe(stock!.quantity - 2);

    for (const [action, state] of [
      ['pay', 'paid'],
      ['ship', 'shipped'],
      ['deliver', 'delivered'],
    ]) {
      const { status, body } = await send(1, 'POST', `/api/orders/${id}/${action}`);
      expect([status, body.state]).toEqual([200, state]);
    }
    await kindsAbout(id, ['order_placed', 'order_paid', 'order_shipped', 'order_delivered']);
    const told = await notificationsAbout(id);
    expect(told.map(({ payload }) => payload.state)).toEqual(['placed', 'paid', 'shipped', 'delivered']);
    expect(told.every(({ payload }) => payload.total === total)).toBe(true);
  });

  it('take a payment method, and refund what is cancelled', async () => {
    const { id } = await placeOrder(2);
    const paid = await send(2, 'POST', `/api/orders/${id}/pay`, { method: 'invoice' });
    expect(paid.body.payment).toEqual({ method: 'invoice', state: 'captured' });
    const cancelled = await send(2, 'POST', `/api/orders/${id}/cancel`);
    expect(cancelled.body).toMatchObject({ state: 'cancelled', payment: { state: 'refunded' } });
  });

  it('refuse what their state does not allow, an empty cart, and other people', async () => {
    const { id } = await placeOrder(3);
    expect((await send(3, 'POST', `/api/orders/${id}/deliver`)).status).toBe(409);
    expect((await send(3, 'POST', `/api/orders/${id}/burn`)).status).toBe(400);
    expect((await send(3, 'POST', '/api/orders')).status).toBe(409);
    expect((await send(4, 'GET', `/api/orders/${id}`)).status).toBe(404);
    expect((await send(4, 'POST', `/api/orders/${id}/pay`)).status).toBe(404);
  });

  it('are placed once when the same cart is ordered twice simultaneously', async () => {
    await send(6, 'PUT', '/api/cart/items/9', { quantity: 1 });
    const answers = await Promise.all([1, 2, 3].map(() => send(6, 'POST', '/api/orders')));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
  });

  it('write nothing about what the customer muted', async () => {
    await send(8, 'PUT', '/api/notification-preferences', {
      channels: { email: true, sms: false, push: false, web: true },
      mutedKinds: ['order_placed'],
      quietHours: null,
    });
    const { id } = await placeOrder(8);
    await send(8, 'POST', `/api/orders/${id}/pay`);
    await kindsAbout(id, ['order_paid']);
  });

  it('stream their state as server-sent events', async () => {
    const { id } = await placeOrder(9);
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const response = await fetch(`${app.address}/api/orders/${id}/events`, {
      headers: { cookie: await logIn(app.address, 9) },
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true });
    })().catch(() => undefined);
    const states = () =>
      [...text.matchAll(/event: state\ndata: (.*)\n\n/g)].map(([, data]) => JSON.parse(data!).state);

    await eventually(() => expect(states()).toEqual(['placed']));
    await send(9, 'POST', `/api/orders/${id}/pay`);
    await eventually(() => expect(states()).toEqual(['placed', 'paid']));
    abort.abort();
    await reading;
  });

  it('stream their state over a WebSocket, even after the database cut the listening connection', async () => {
    const { id } = await placeOrder(10);
    const cookie = await logIn(app.address, 10);
    const socket = new WebSocket(`${app.address.replace('http', 'ws')}/ws/orders/${id}`, {
      headers: { cookie },
    });
    onTestFinished(() => socket.terminate());
    const states: string[] = [];
    socket.on('message', (data) => states.push((JSON.parse(String(data)) as { state: string }).state));

    await eventually(() => expect(states).toEqual(['placed']));
    await send(10, 'POST', `/api/orders/${id}/pay`);
    await eventually(() => expect(states).toEqual(['placed', 'paid']));

    await shop.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'shop order events'`,
    );
    await send(10, 'POST', `/api/orders/${id}/ship`);
    await eventually(() => expect(states).toEqual(['placed', 'paid', 'shipped']));
  });

  it('let no stranger listen', async () => {
    const { id } = await placeOrder(11);
    expect((await fetch(`${app.address}/api/orders/${id}/events`)).status).toBe(401);
    for (const [headers, status] of [
      [{}, 401],
      [{ cookie: await logIn(app.address, 12) }, 404],
    ] as const) {
      const socket = new WebSocket(`${app.address.replace('http', 'ws')}/ws/orders/${id}`, { headers });
      socket.on('error', () => undefined);
      const [, response] = await once(socket, 'unexpected-response');
      expect(response.statusCode).toBe(status);
      socket.terminate();
    }
  });

  it('left in a cart cause reminders: the job asks for notifications without any request of a customer', async () => {
    const reminders = async () =>
      Number(
        (
          await shop.query<{ n: string }>(
            `SELECT count(*) AS n FROM notifications WHERE kind = 'cart_reminder' AND id > 5000`,
          )
        )[0]!.n,
      );
    expect(await reminders()).toBe(0);
    const other = await startSample('legacy-monolith', {
      DATABASE_URL: shop.url,
      REMINDER_INTERVAL_MS: '20',
    });
    onTestFinished(async () => {
      await other.stop();
    });
    await eventually(async () => expect(await reminders()).toBeGreaterThan(5));
    const muted = await shop.query(
      `SELECT FROM notifications JOIN notification_preferences USING (customer_id)
       WHERE kind = 'cart_reminder' AND id > 5000 AND 'cart_reminder' = ANY (muted_kinds)`,
    );
    expect(muted).toEqual([]);
    const twice = await shop.query(
      `SELECT customer_id FROM notifications WHERE kind = 'cart_reminder' AND id > 5000 GROUP BY 1 HAVING count(*) > 1`,
    );
    expect(twice).toEqual([]);
  });
});
