/**
 * An application that we did not write, Unleash itself, as the monolith: a person who uses it in a browser does not
 * notice the proxy; one table is copied and followed, one route moves to a service beside it and back.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Browser, launchChromium } from '../../parts/chromium.ts';
import { startUnleashServer } from '../../parts/unleash-server.ts';
import { recordSession, type Visitor } from './browser-session.ts';
import { type SliceBeside, startSliceBeside } from './slice-beside.ts';

let browser: Browser;
let beside: SliceBeside;

beforeAll(async () => {
  browser = await launchChromium();
  beside = await startSliceBeside({
    start: async (databaseUrl) => {
      const server = await startUnleashServer(databaseUrl);
      return { url: new URL(server.url).origin, stop: server.stop };
    },
    slice: 'tags',
    schema: `CREATE TABLE tag_types
      (name text PRIMARY KEY, description text, icon text, color varchar(7), created_at timestamptz)`,
    identify: '{ user: { cookie: unleash-session } }',
    routes: `
      - { id: list, methods: [GET], path: /api/admin/tag-types }
      - { id: create, methods: [POST], path: /api/admin/tag-types }
      - { id: change, methods: [PUT, DELETE], path: "/api/admin/tag-types/:name" }`,
    tables: '[{ from: public.tag_types, to: public.tag_types }]',
    answer: async (service) => {
      const { rows } = await service.query(
        'SELECT name, description, icon, color FROM tag_types ORDER BY name',
      );
      return { version: 1, tagTypes: rows };
    },
  });
});

afterAll(async () => {
  await browser?.close();
  await beside?.close();
});

async function logIn({ page, base }: Visitor): Promise<void> {
  await page.goto(`${base}/login`);
  await page.waitForSelector('input[name=username]');
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', 'unleash4all');
  await page.click('button[type=submit]');
  await page.waitForURL(/\/personal/);
}

async function createTagType({ page, base }: Visitor, name: string, description: string): Promise<void> {
  await page.goto(`${base}/tag-types/create`);
  await page.waitForSelector('form textarea');
  await page.fill('form input.MuiInputBase-input >> nth=0', name);
  await page.fill('form textarea:not([readonly])', description);
  await page.click('form button[type=submit]');
  await page.waitForURL(/\/tag-types$/);
  await page.waitForSelector(`table :text("${name}")`);
}

const LIST = '/api/admin/tag-types';

/** Opens the list of tag types; returns the side that served it. */
async function openTagTypes({ page, base, look, sideOf }: Visitor): Promise<string | undefined> {
  await page.goto(`${base}/tag-types`);
  // Before that the table shows what stands for rows that are on their way.
  await page.waitForSelector('table :text("simple")');
  await look('tag types', 'table');
  return sideOf(LIST);
}

test('a browser session is the same through the proxy', async () => {
  const lookAround = async (visitor: Visitor): Promise<void> => {
    const { page, base, look } = visitor;
    await logIn(visitor);
    await openTagTypes(visitor);
    for (const path of ['/strategies', '/context', '/feature-toggle-type']) {
      await page.goto(base + path);
      await page.waitForLoadState('networkidle');
      await look(path, 'main');
    }
  };
  const direct = await recordSession(browser, beside.application.url, lookAround);
  const proxied = await recordSession(browser, beside.proxyUrl, lookAround);
  expect(direct.calls.length).toBeGreaterThan(10);
  expect(proxied.calls).toEqual(direct.calls);
  expect(proxied.texts).toEqual(direct.texts);
});

test('its table is copied, and followed when a person edits it', async () => {
  const verified = async () => (await beside.ficus('verify', 'tags')).status;
  await expect.poll(verified, { timeout: 60_000, interval: 500 }).toBe(0);
  await recordSession(browser, beside.proxyUrl, async (visitor) => {
    await logIn(visitor);
    await createTagType(visitor, 'team', 'who looks after it');
  });
  const rows = 'SELECT name, description FROM tag_types ORDER BY name';
  await expect
    .poll(async () => (await beside.service.query(rows)).rows)
    .toContainEqual({ name: 'team', description: 'who looks after it' });
  expect((await beside.service.query(rows)).rows).toEqual((await beside.legacy.query(rows)).rows);
  expect(await verified()).toBe(0);
});

test('one route moves to the service, under a person who uses it, and back', async () => {
  await recordSession(browser, beside.proxyUrl, async (visitor) => {
    const { page } = visitor;
    const sideOfList = () => openTagTypes(visitor);
    await logIn(visitor);
    expect(await sideOfList()).toBe('legacy');
    expect(await beside.ficus('serve', 'tags', '100', '--reason', 'a look')).toMatchObject({ status: 0 });
    expect(await sideOfList()).toBe('candidate');
    // Written at the legacy and read at once: the page shows it, whichever side answers.
    await createTagType(visitor, 'region', 'where it runs');
    await expect.poll(sideOfList).toBe('candidate');
    expect(await page.innerText('table')).toContain('region');
    expect(await beside.ficus('serve', 'tags', '0', '--reason', 'and back')).toMatchObject({ status: 0 });
    expect(await sideOfList()).toBe('legacy');
  });
  expect(await beside.ficus('verify', 'tags')).toMatchObject({ status: 0 });
});
