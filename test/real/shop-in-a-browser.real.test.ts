/** The sample as a user meets it, in a real browser through the proxy: log in, read the inbox, place an order. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, startCommand, stopAll } from '../e2e/run-command.ts';
import { type Browser, launchChromium } from '../parts/chromium.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';

let directory: string;
let shop: RunningCommand;
let shopUrl: string;
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
  directory = await makeTestDirectory('browser');
  shop = startCommand(['sample/start.ts', '--scale', '0.05', '--directory', directory], {
    FICUS_PROXY_PORT: '0',
    FICUS_CONTROL_PORT: '0',
  });
  const welcome = await shop.until('Ctrl-C stops all of it');
  shopUrl = /shop, through Ficus\s+(\S+)/.exec(welcome)?.[1] ?? '';
});

afterAll(async () => {
  await browser?.close();
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

test('log in, read the inbox, place an order', async () => {
  const page = await browser.newPage();
  await page.goto(`${shopUrl}/login`);
  await page.fill('input[name=email]', 'customer1@example.test');
  await page.fill('input[name=password]', 'ficus');
  await page.click('form[action="/login"] button');
  await page.waitForSelector('form[action="/logout"]');

  await page.click('a[href="/inbox"]');
  await page.waitForSelector('form[action="/inbox/read-all"]');
  expect(await page.textContent('form[action="/inbox/read-all"]')).toMatch(/\d+ unread/);

  await page.goto(`${shopUrl}/products`);
  await page.click('h2 a[href^="/products/"]');
  await page.waitForSelector('form[action="/cart/items"]');
  await page.click('form[action="/cart/items"] button');
  await page.waitForURL(/\/cart/);
  await page.click('form[action="/orders"] button');
  await page.waitForURL(/\/orders\/\d+/);

  // The trigger has written the notification: the inbox of the same user names the order.
  const order = page.url().split('/').at(-1);
  await page.goto(`${shopUrl}/inbox`);
  await page.waitForSelector(`a[href="/orders/${order}"]`);
  const { SCREENSHOT_DIRECTORY } = process.env;
  if (SCREENSHOT_DIRECTORY) await page.screenshot({ path: join(SCREENSHOT_DIRECTORY, 'inbox.png') });
});
