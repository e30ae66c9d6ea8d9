/**
 * The contract of the notifications routes, as a suite that runs against every implementation: the monolith, the
 * extracted service, and either of them behind a proxy. It expects the shop's seed at scale 0.01.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContractSubject, INTERNAL_TOKEN } from './sample-subjects.ts';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The suite reads answers of many shapes; each expectation checks its own.
  readonly body: Record<string, unknown> & {
    items?: Record<string, unknown>[];
    unread?: number;
    next?: number | null;
  };
}

interface Call {
  readonly method?: string;
  /** Absent: anonymous. */
  readonly customer?: number;
  readonly json?: unknown;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function describeNotificationsContract(name: string, start: () => Promise<ContractSubject>): void {
  describe(`notifications contract: ${name}`, () => {
    let subject: ContractSubject;
    beforeAll(async () => {
      subject = await start();
    });
    afterAll(async () => {
      await subject?.[Symbol.asyncDispose]();
    });

    const call = async (path: string, { method = 'GET', customer, json }: Call = {}): Promise<Answer> => {
      const response = await fetch(subject.address + path, {
        method,
        headers: {
          ...(customer && (await subject.as(customer))),
          ...(json !== undefined && { 'content-type': 'application/json' }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as Answer['body'],
      };
    };
    const post = (path: string, customer: number) => call(path, { method: 'POST', customer });

    it('lists newest first, with every field in its place', async () => {
      const { status, headers, body } = await call('/api/notifications?limit=10', { customer: 1 });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(headers.get('cache-control')).toBe('private, no-store');
      expect(Object.keys(body)).toEqual(['items', 'unread', 'next']);
      const ids = body.items!.map((item) => item.id as number);
      expect(ids).toEqual(ids.toSorted((a, b) => b - a));
      for (const item of body.items!) {
        expect(Object.keys(item).join()).toBe(
          'id,kind,channel,title,body,payload,tags,orderId,digest,read,readAt,createdAt',
        );
        expect(item.createdAt).toMatch(ISO);
        expect(item.digest).toMatch(/^[0-9a-f]{64}$/);
        expect(item.read).toBe(item.readAt !== null);
      }
    });

    it('pages by key, without gap or repetition, and counts all unread ones on each page', async () => {
      const whole = await call('/api/notifications?limit=100', { customer: 2 });
      const seen: unknown[] = [];
      let before: number | null | undefined;
      do {
        const page = await call(`/api/notifications?limit=7${before ? `&before=${before}` : ''}`, {
          customer: 2,
        });
        expect(page.body.unread).toBe(whole.body.unread);
        seen.push(...page.body.items!);
        before = page.body.next;
      } while (before);
      expect(seen).toEqual(whole.body.items);
      expect(whole.body.unread).toBe(whole.body.items!.filter((item) => !item.read).length);
    });

    it('shows only unread ones when asked', async () => {
      const { body } = await call('/api/notifications?limit=100&unread=true', { customer: 3 });
      expect(body.items!.length).toBe(body.unread);
      expect(body.items!.every((item) => item.read === false)).toBe(true);
    });

    it('gives one, and not to others', async () => {
      const { body: list } = await call('/api/notifications?limit=1', { customer: 4 });
      const [newest] = list.items!;
      expect((await call(`/api/notifications/${newest!.id}`, { customer: 4 })).body).toEqual(newest);
      const refused = await call(`/api/notifications/${newest!.id}`, { customer: 5 });
      expect(refused.status).toBe(404);
      expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(refused.body).toEqual({
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: 'There is no such notification.',
      });
    });

    it('marks one read, once', async () => {
      const { body: before } = await call('/api/notifications?limit=1&unread=true', { customer: 6 });
      const { id } = before.items![0]!;
      const first = await post(`/api/notifications/${id}/read`, 6);
      expect(first.status).toBe(200);
      expect(first.body).toMatchObject({ id, read: true, readAt: expect.stringMatching(ISO) });
      const second = await post(`/api/notifications/${id}/read`, 6);
      expect(second.body.readAt).toBe(first.body.readAt);
      const { body: after } = await call('/api/notifications?limit=1', { customer: 6 });
      expect(after.unread).toBe(before.unread! - 1);
    });

    it('does not mark another customer’s', async () => {
      const { body } = await call('/api/notifications?limit=1&unread=true', { customer: 7 });
      expect((await post(`/api/notifications/${body.items![0]!.id}/read`, 8)).status).toBe(404);
      expect((await call('/api/notifications?limit=1&unread=true', { customer: 7 })).body).toEqual(body);
    });

    it('marks all read', async () => {
      const { body: before } = await call('/api/notifications?limit=1', { customer: 9 });
      expect((await post('/api/notifications/read-all', 9)).body).toEqual({ updated: before.unread });
      expect((await post('/api/notifications/read-all', 9)).body).toEqual({ updated: 0 });
      const { body: after } = await call('/api/notifications?limit=100', { customer: 9 });
      expect(after.unread).toBe(0);
      expect(after.items!.every((item) => item.read)).toBe(true);
    });

    it('keeps preferences', async () => {
      const wanted = {
        channels: { email: false, sms: true, push: false, web: true },
        mutedKinds: ['cart_reminder', 'promotion'],
        quietHours: { from: '21:30', to: '06:45' },
      };
      const path = '/api/notification-preferences';
      const saved = await call(path, { method: 'PUT', customer: 10, json: wanted });
      expect(saved.status).toBe(200);
      expect(saved.body).toEqual({ ...wanted, updatedAt: expect.stringMatching(ISO) });
      expect((await call(path, { customer: 10 })).body).toEqual(saved.body);
      const cleared = { ...wanted, mutedKinds: [], quietHours: null };
      const again = await call(path, { method: 'PUT', customer: 10, json: cleared });
      expect(again.body).toEqual({ ...cleared, updatedAt: expect.stringMatching(ISO) });
    });

    it('has preferences for customers who never chose', async () => {
      // Customers 3, 7, 11, … have no row in the seed.
      expect((await call('/api/notification-preferences', { customer: 11 })).body).toEqual({
        channels: { email: true, sms: false, push: true, web: true },
        mutedKinds: [],
        quietHours: null,
        updatedAt: null,
      });
      const wanted = {
        channels: { email: false, sms: false, push: false, web: true },
        mutedKinds: ['order_placed'],
        quietHours: null,
      };
      await call('/api/notification-preferences', { method: 'PUT', customer: 15, json: wanted });
      expect((await call('/api/notification-preferences', { customer: 15 })).body).toMatchObject(wanted);
    });

    describe('makes notifications that other programs ask for', () => {
      /** Of this subject alone: several of them share a database. */
      let next = Math.floor(Math.random() * 2 ** 40);
      const request = (customerId: number, more: object = {}) => {
        next += 1;
        const [title, createdAt] = [`Order ${next}: paid`, '2026-03-01T10:00:00.123Z'];
        const payload = { orderId: 7, total: '49.90' };
        const words = { kind: 'order_paid', title, body: 'Paid.', payload, tags: ['order', 'paid'] };
        return { id: next, customerId, orderId: 7, ...words, createdAt, ...more };
      };
      const ask = async (
        json: object,
        headers: Record<string, string> = { 'x-internal-token': INTERNAL_TOKEN },
      ) => {
        const response = await fetch(`${subject.address}/internal/notifications`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(json),
        });
        return { status: response.status, body: (await response.json()) as Answer['body'] };
      };
      const titlesOf = async (customer: number) =>
        (await call('/api/notifications?limit=100', { customer })).body.items!.map(({ title }) => title);

      it('in the order in which it is asked, with every field', async () => {
        const [first, second] = [request(20), request(20, { orderId: null, kind: 'account_notice' })];
        // A caller's order counts for nothing: ids do.
        expect(await ask({ requests: [second, first] })).toEqual({ status: 200, body: { taken: 2 } });
        const { body } = await call('/api/notifications?limit=2', { customer: 20 });
        const { id: _, customerId: __, ...rest } = first;
        expect(body.items).toMatchObject([
          { title: second.title, kind: 'account_notice', orderId: null },
          { ...rest, read: false, readAt: null, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
        ]);
      });

      it('once, however often and by however many it is asked', async () => {
        const requests = [request(21), request(21), request(21)];
        const answers = await Promise.all([
          ask({ requests }),
          ask({ requests: requests.toReversed() }),
          ask({ requests: [requests[1], requests[1]] }),
        ]);
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
        const titles = await titlesOf(21);
        for (const { title } of requests) expect(titles.filter((one) => one === title)).toHaveLength(1);
      });

      it('on the channel that the customer prefers, and not those that they muted', async () => {
        const prefer = (channels: object, mutedKinds: string[]) =>
          call('/api/notification-preferences', {
            method: 'PUT',
            customer: 22,
            json: {
              channels: { email: false, sms: false, push: false, web: true, ...channels },
              mutedKinds,
              quietHours: null,
            },
          });
        for (const [channels, expected] of [
          [{}, 'web'],
          [{ sms: true }, 'sms'],
          [{ sms: true, email: true }, 'email'],
          [{ sms: true, email: true, push: true }, 'push'],
        ] as const) {
          await prefer(channels, []);
          await ask({ requests: [request(22)] });
          const { body } = await call('/api/notifications?limit=1', { customer: 22 });
          expect(body.items![0]!.channel).toBe(expected);
        }
        await prefer({}, ['order_paid']);
        const [muted, heard] = [request(22), request(22, { kind: 'order_shipped' })];
        expect(await ask({ requests: [muted, heard] })).toMatchObject({ body: { taken: 2 } });
        const titles = await titlesOf(22);
        expect([titles.includes(muted.title), titles.includes(heard.title)]).toEqual([false, true]);
        // Customers 3, 7, 11, … have no row in the seed, and never chose.
        await ask({ requests: [request(23)] });
        expect((await call('/api/notifications?limit=1', { customer: 23 })).body.items![0]!.channel).toBe(
          'web',
        );
      });

      it('and not for strangers, nor for customers', async () => {
        const requests = [request(24)];
        for (const headers of [
          {},
          { 'x-internal-token': '' },
          { 'x-internal-token': `${INTERNAL_TOKEN}x` },
          await subject.as(24),
        ])
          expect(await ask({ requests }, { ...headers })).toEqual({
            status: 401,
            body: {
              type: 'about:blank',
              title: 'Unauthorized',
              status: 401,
              detail: 'Only the shop’s own programs may call this.',
            },
          });
        expect(await titlesOf(24)).not.toContain(requests[0]!.title);
      });

      it.each([[{}], [{ requests: [] }], [{ requests: [{ id: 1 }] }]])('refuses %j', async (json) => {
        expect((await ask(json)).status).toBe(400);
      });
    });

    it.each([
      ['GET', '/api/notifications'],
      ['GET', '/api/notifications?limit=none'],
      ['GET', '/api/notifications/1'],
      ['POST', '/api/notifications/1/read'],
      ['POST', '/api/notifications/read-all'],
      ['GET', '/api/notification-preferences'],
      ['PUT', '/api/notification-preferences'],
    ])('refuses strangers before it looks at the request: %s %s', async (method, path) => {
      const { status, headers, body } = await call(path, { method, ...(method === 'PUT' && { json: {} }) });
      expect(status).toBe(401);
      expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(body).toEqual({
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        detail: 'Log in first.',
      });
    });

    it.each([
      ['/api/notifications?limit=0', 'querystring', '/limit', 'must be >= 1'],
      ['/api/notifications?limit=101', 'querystring', '/limit', 'must be <= 100'],
      ['/api/notifications?before=x', 'querystring', '/before', 'must be integer'],
      ['/api/notifications?unread=maybe', 'querystring', '/unread', 'must be boolean'],
      ['/api/notifications/abc', 'params', '/id', 'must be integer'],
    ])('names what does not fit: %s', async (path, place, field, message) => {
      const { status, body } = await call(path, { customer: 1 });
      expect(status).toBe(400);
      expect(body).toEqual({
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        detail: 'The request does not fit its schema.',
        errors: [{ in: place, path: field, message }],
      });
    });

    it('refuses preferences that do not fit, and keeps the old ones', async () => {
      const path = '/api/notification-preferences';
      const before = (await call(path, { customer: 12 })).body;
      const channels = { email: true, sms: true, push: true, web: true };
      for (const json of [
        {},
        { channels: { email: true }, mutedKinds: [], quietHours: null },
        { channels, mutedKinds: ['gossip'], quietHours: null },
        { channels, mutedKinds: [], quietHours: { from: '24:00', to: '06:00' } },
        { channels: { ...channels, pigeon: true }, mutedKinds: [], quietHours: null },
      ])
        expect((await call(path, { method: 'PUT', customer: 12, json })).status).toBe(400);
      expect((await call(path, { customer: 12 })).body).toEqual(before);
    });

    it('passes on a request id, and makes one', async () => {
      const response = await fetch(`${subject.address}/api/notifications`, {
        headers: { ...(await subject.as(1)), 'x-request-id': 'from-the-caller' },
      });
      await response.body?.cancel();
      expect(response.headers.get('x-request-id')).toBe('from-the-caller');
      expect((await call('/api/notifications')).headers.get('x-request-id')).toMatch(/^[\w-]{16,}$/);
    });

    it('answers for its health and describes itself', async () => {
      expect((await call('/healthz')).body).toEqual({ status: 'ok' });
      expect((await call('/readyz')).body).toEqual({ status: 'ok' });
      const { body } = await call('/openapi.json');
      expect(Object.keys(body.paths as object)).toEqual(
        expect.arrayContaining([
          '/api/notifications',
          '/api/notifications/{id}',
          '/api/notifications/{id}/read',
          '/api/notifications/read-all',
          '/api/notification-preferences',
        ]),
      );
    });
  });
}
