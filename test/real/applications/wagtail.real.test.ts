/**
 * A second application that we did not write: Wagtail, on Django, with forms, CSRF tokens and redirects in place of a
 * single page and its API.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Browser, launchChromium } from '../../parts/chromium.ts';
import { startWagtailSite, WAGTAIL_USER } from '../../parts/wagtail-site.ts';
import { recordSession, type Visitor } from './browser-session.ts';
import { type SliceBeside, startSliceBeside } from './slice-beside.ts';

const LIST = '/api/v2/redirects/';

let browser: Browser;
let beside: SliceBeside;

beforeAll(async () => {
  browser = await launchChromium();
  beside = await startSliceBeside({
    start: startWagtailSite,
    slice: 'redirects',
    // A schema of its own: fewer columns, other names.
    schema: 'CREATE TABLE redirect (id bigint PRIMARY KEY, from_path text NOT NULL, target text NOT NULL)',
    identify: '{ user: { cookie: sessionid } }',
    routes: `[{ id: list, methods: [GET], path: ${LIST} }]`,
    tables: `
      - from: public.wagtailredirects_redirect
        to: public.redirect
        columns: { id: id, from_path: old_path, target: redirect_link }`,
    // Of the site's own API; without them the comparison says what the service lacks.
    headers: { vary: 'Accept, Cookie', allow: 'GET, HEAD, OPTIONS' },
    answer: async (service) => {
      const { rows } = await service.query<{ id: string; from_path: string; target: string }>(
        'SELECT id, from_path, target FROM redirect ORDER BY id',
      );
      const items = rows.map(({ id, from_path, target }) => ({
        id: Number(id),
        meta: { type: 'wagtailredirects.Redirect', detail_url: `http://site.test${LIST}${id}/` },
        old_path: from_path,
        location: target,
      }));
      return { meta: { total_count: items.length }, items };
    },
  });
});

afterAll(async () => {
  await browser?.close();
  await beside?.close();
});

async function logIn({ page, base }: Visitor): Promise<void> {
  await page.goto(`${base}/admin/login/`);
  await page.fill('input[name=username]', WAGTAIL_USER.name);
  await page.fill('input[name=password]', WAGTAIL_USER.password);
  await page.click('button[type=submit]');
  await page.waitForURL(/\/admin\/$/);
}

/** Adds a redirect in the admin's form; the site answers with a redirect to its list. */
async function addRedirect({ page, base }: Visitor, from: string, to: string): Promise<void> {
  await page.goto(`${base}/admin/redirects/add/`);
  await page.fill('input[name=old_path]', from);
  await page.fill('input[name=redirect_link]', to);
  await page.click('main form button[type=submit]');
  await page.waitForURL(/\/admin\/redirects\/$/);
}

/** Opens the API's list; returns the side that served it, and what it says. */
async function openList({
  page,
  base,
  sideOf,
}: Visitor): Promise<{ side: string | undefined; text: string }> {
  await page.goto(`${base}${LIST}?limit=20&format=json`);
  return { side: sideOf(LIST), text: await page.innerText('body') };
}

test('a browser session is the same through the proxy', async () => {
  const work = (path: string) => async (visitor: Visitor) => {
    const { page, base, look } = visitor;
    await logIn(visitor);
    await addRedirect(visitor, path, 'https://new.test/');
    await look('redirects', 'main table');
    await page.click('main table a[href*="/admin/redirects/"]');
    await look('one redirect', 'main form');
    for (const menu of ['pages', 'images', 'documents', 'reports/site-history', 'account']) {
      await page.goto(`${base}/admin/${menu}/`);
      await page.waitForLoadState('networkidle');
    }
  };
  const direct = await recordSession(browser, beside.application.url, work('/first'));
  await beside.legacy.query('TRUNCATE wagtailredirects_redirect RESTART IDENTITY CASCADE');
  const proxied = await recordSession(browser, beside.proxyUrl, work('/first'));
  expect(direct.calls.length).toBeGreaterThan(10);
  expect(proxied).toEqual(direct);
});

test('its table is copied into another schema, and followed when a person edits it', async () => {
  const verified = async () => (await beside.ficus('verify', 'redirects')).status;
  await expect.poll(verified, { timeout: 60_000, interval: 500 }).toBe(0);
  await recordSession(browser, beside.proxyUrl, async (visitor) => {
    await logIn(visitor);
    await addRedirect(visitor, '/second', 'https://second.test/');
  });
  await expect
    .poll(async () => (await beside.service.query('SELECT from_path, target FROM redirect')).rows)
    .toContainEqual({ from_path: '/second', target: 'https://second.test/' });
  expect(await verified()).toBe(0);
});

test('one route moves to the service, after its answers were compared, and back', async () => {
  await recordSession(browser, beside.proxyUrl, async (visitor) => {
    await logIn(visitor);
    expect(await beside.ficus('shadow', 'redirects', '100')).toMatchObject({ status: 0 });
    const compared = async (): Promise<{ match: number; mismatch: number }> => {
      await openList(visitor);
      const { stdout } = await beside.ficus('status', 'redirects', '--json');
      const { parity } = JSON.parse(stdout) as {
        parity: { routes: { list?: { match: number; mismatch: number } } };
      };
      return parity.routes.list ?? { match: 0, mismatch: 0 };
    };
    await expect.poll(async () => (await compared()).match).toBeGreaterThan(2);
    expect(await compared()).toMatchObject({ mismatch: 0 });

    const before = await openList(visitor);
    expect(before.side).toBe('legacy');
    expect(await beside.ficus('serve', 'redirects', '100', '--reason', 'a look')).toMatchObject({
      status: 0,
    });
    await expect.poll(async () => (await openList(visitor)).side).toBe('candidate');
    // The site's own API indents what the service does not.
    const { text } = await openList(visitor);
    expect(JSON.parse(text)).toEqual(JSON.parse(before.text));
    expect(await beside.ficus('serve', 'redirects', '0', '--reason', 'and back')).toMatchObject({
      status: 0,
    });
    await expect.poll(async () => (await openList(visitor)).side).toBe('legacy');
  });
  expect(await beside.ficus('verify', 'redirects')).toMatchObject({ status: 0 });
});

test('is left as it was', async () => {
  expect(await beside.stopFicus()).toMatchObject({ status: 0 });
  expect(await beside.ficus('uninstall', '--yes')).toMatchObject({ status: 0 });
  const { rows } = await beside.legacy.query(`
    SELECT slot_name::text AS left_behind FROM pg_replication_slots
    UNION ALL SELECT pubname::text FROM pg_publication
    UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'ficus%'
    UNION ALL SELECT tgname::text FROM pg_trigger WHERE tgname LIKE 'ficus%'`);
  expect(rows).toEqual([]);
});
