/** The server-rendered shop, as a browser without scripts would use it: forms, cookies, a redirect after each POST. */
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type SampleDatabase, seededShop } from '../../contract/sample-databases.ts';
import { type SampleProcess, startSample } from '../../contract/sample-process.ts';

describe('pages', () => {
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

  /** A browser with a cookie jar that follows redirects on request. */
  class Browser {
    cookie = '';

    async open(path: string, form?: Record<string, string | string[]>) {
      const body = new URLSearchParams();
      for (const [name, value] of Object.entries(form ?? {}))
        for (const one of [value].flat()) body.append(name, one);
      const response = await fetch(app.address + path, {
        redirect: 'manual',
        headers: { cookie: this.cookie },
        ...(form && { method: 'POST', body }),
      });
      const set = response.headers.get('set-cookie');
      if (set) this.cookie = set.split(';')[0] ?? '';
      return {
        status: response.status,
        location: response.headers.get('location'),
        html: await response.text(),
        set,
      };
    }

    async logIn(customer: number) {
      return this.open('/login', {
        email: `customer${customer}@example.test`,
        password: 'ficus',
        next: '/inbox',
      });
    }
  }

  it('send a stranger to the login form and back to their destination', async () => {
    const browser = new Browser();
    const refused = await browser.open('/inbox?before=4000');
    expect([refused.status, refused.location]).toEqual([303, '/login?next=%2Finbox%3Fbefore%3D4000']);
    const form = await browser.open(refused.location!);
    expect(form.html).toContain('name="next" value="/inbox?before=4000"');
    const in_ = await browser.open('/login', {
      email: 'Customer1@example.test',
      password: 'ficus',
      next: '/inbox?before=4000',
    });
    expect([in_.status, in_.location]).toEqual([303, '/inbox?before=4000']);
    expect(in_.set).toMatch(/^sid=[\w-]{32}; .*HttpOnly; SameSite=Lax/);
    expect((await browser.open(in_.location!)).html).toContain('<h1>Inbox</h1>');
  });

  it('keep others out: a wrong password, a forged next', async () => {
    const browser = new Browser();
    const wrong = await browser.open('/login', { email: 'customer1@example.test', password: 'nope' });
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('Email or password is wrong.');
    expect(wrong.set).toBeNull();
    for (const next of [
      'https://evil.test/',
      '//evil.test',
      '/\\evil.test',
      '\\\\evil.test',
      'javascript:alert(1)',
    ]) {
      const answer = await browser.open('/login', {
        email: 'customer2@example.test',
        password: 'ficus',
        next,
      });
      expect(answer.location).toBe('/products');
    }
  });

  it('mark notifications read by form', async () => {
    const browser = new Browser();
    await browser.logIn(6);
    const before = await browser.open('/inbox');
    const unread = Number(/(\d+) unread/.exec(before.html)?.[1]);
    const action = /action="(\/inbox\/\d+\/read)"/.exec(before.html)?.[1];
    const marked = await browser.open(action!, {});
    expect([marked.status, marked.location]).toEqual([303, '/inbox']);
    expect((await browser.open('/inbox')).html).toContain(`${unread - 1} unread`);
    await browser.open('/inbox/read-all', {});
    expect((await browser.open('/inbox')).html).toContain('0 unread');
  });

  it('sell: search, product, cart, order, payment', async () => {
    const browser = new Browser();
    await browser.logIn(2);
    const found = await browser.open('/products?q=teapot&category=teapots');
    const product = /href="\/products\/(\d+)"/.exec(found.html)?.[1];
    expect((await browser.open(`/products/${product}`)).html).toContain('Put in cart');
    expect((await browser.open('/cart/items', { productId: product!, quantity: '3' })).location).toBe(
      '/cart',
    );
    expect((await browser.open('/cart')).html).toContain('value="3"');
    const placed = await browser.open('/orders', {});
    expect(placed.location).toMatch(/^\/orders\/\d+$/);
    expect((await browser.open(`${placed.location}/pay`, {})).status).toBe(303);
    expect((await browser.open(placed.location!)).html).toContain('state-paid');
    const again = await browser.open(`${placed.location}/pay`, {});
    expect(again.status).toBe(409);
    expect(again.html).toContain('An order that is paid does not allow: pay.');
    expect((await browser.open('/orders')).html).toContain(`href="${placed.location}"`);
  });

  it('keep preferences', async () => {
    const browser = new Browser();
    await browser.logIn(1);
    await browser.open('/preferences', {
      channel: ['sms', 'web'],
      kind: ['order_placed', 'order_paid'],
      quietFrom: '22:15',
      quietTo: '06:00',
    });
    const { html } = await browser.open('/preferences');
    expect([...html.matchAll(/value="(\w+)" checked/g)].map(([, value]) => value)).toEqual([
      'sms',
      'web',
      'order_placed',
      'order_paid',
    ]);
    expect(html).toContain('name="quietFrom" value="22:15"');
  });

  it('ask the API for the notifications, once a customer is logged in', async () => {
    const browser = new Browser();
    const asked = '<script type="module" src="/notifications.js">';
    expect((await browser.open('/products')).html).not.toContain(asked);
    await browser.logIn(3);
    for (const path of ['/products', '/orders', '/inbox'])
      expect((await browser.open(path)).html).toContain(asked);
    const { status, html } = await browser.open('/notifications.js');
    expect(status).toBe(200);
    expect(() => new Script(html)).not.toThrow();
  });

  it('escape values from the database', async () => {
    await shop.query(`UPDATE customers SET name = '<script>alert("x")</script>' WHERE id = 10`);
    await shop.query(
      `UPDATE notifications SET title = '"><img src=x onerror=alert(1)>' WHERE customer_id = 10`,
    );
    const browser = new Browser();
    await browser.logIn(10);
    const { html } = await browser.open('/inbox');
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
  });

  it('for unknown paths show a browser a page, and a program a problem document', async () => {
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const ask = (path: string, accept: string | undefined, method = 'GET') =>
      fetch(app.address + path, { method, headers: accept === undefined ? {} : { accept } });
    for (const [path, method] of [
      ['/nowhere', 'GET'],
      ['/products/1/nowhere?x=<script>', 'GET'],
      ['/nowhere', 'POST'],
      ['/apiary', 'GET'],
    ] as const) {
      const page = await ask(path, browser, method);
      expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
      expect(page.headers.get('vary')).toBe('accept');
      const html = await page.text();
      expect(html).toContain('<h1>Not Found</h1>');
      expect(html).not.toContain('<script>');
    }
    for (const [path, accept] of [
      ['/nowhere', undefined],
      ['/nowhere', '*/*'],
      ['/nowhere', 'application/json, text/html;q=0.5'],
      ['/nowhere', 'text/html;q=0'],
      ['/api/nowhere', browser],
      ['/api', browser],
      ['/api/notifications/1/nowhere', browser],
    ] as const) {
      const problem = await ask(path, accept);
      expect(problem.status).toBe(404);
      expect(problem.headers.get('content-type')).toContain('application/problem+json');
      expect(await problem.json()).toMatchObject({ detail: 'Nothing answers GET here.' });
    }
  });

  it('know who is logged in even on unknown paths', async () => {
    const browser = new Browser();
    await browser.logIn(4);
    const response = await fetch(`${app.address}/nowhere`, {
      headers: { accept: 'text/html', cookie: browser.cookie },
    });
    expect(await response.text()).toContain('Log out');
  });

  it('end with a page even when there is nothing', async () => {
    const browser = new Browser();
    await browser.logIn(1);
    for (const path of [
      '/products/999999',
      '/products/abc',
      '/orders/1e3',
      '/orders/999999',
      '/orders?before=x',
    ]) {
      const { status, html } = await browser.open(path);
      expect(status, path).toBe(404);
      expect(html).toContain('<h1>Not Found</h1>');
    }
    const out = await browser.open('/logout', {});
    expect(out.location).toBe('/login');
    expect((await browser.open('/inbox')).status).toBe(303);
  });
});
