/** The sample as a user meets it, in a real browser through the proxy: log in, read the inbox, place an order. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, startCommand, stopAll } from '../e2e/run-command.ts';
import { type Browser, launchChromium, type Page } from '../parts/chromium.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';

let directory: string;
let shop: RunningCommand;
let shopUrl: string;
let controlUrl: string;
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
  controlUrl = /dashboard\s+(\S+)/.exec(welcome)?.[1] ?? '';
});

afterAll(async () => {
  await browser?.close();
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

async function logIn(customer: number): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${shopUrl}/login`);
  await page.fill('input[name=email]', `customer${customer}@example.test`);
  await page.fill('input[name=password]', 'ficus');
  await page.click('form[action="/login"] button');
  await page.waitForSelector('form[action="/logout"]');
  return page;
}

test('log in, read the inbox, place an order', async () => {
  const page = await logIn(1);

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

  // The order has asked for a notification, which was made before the answer: the inbox of the same user names the order.
  const order = page.url().split('/').at(-1);
  await page.goto(`${shopUrl}/inbox`);
  await page.waitForSelector(`a[href="/orders/${order}"]`);
  const { SCREENSHOT_DIRECTORY } = process.env;
  if (SCREENSHOT_DIRECTORY) await page.screenshot({ path: join(SCREENSHOT_DIRECTORY, 'inbox.png') });
});

test('a person who clicks sees themselves moved to the service, and back', async () => {
  const page = await logIn(2);
  const control = createControlClient(controlUrl);
  /** The first page that says this: a flip takes a moment to reach the proxy. */
  const clickUntil = async (side: string) => {
    await expect
      .poll(async () => {
        await page.click('a[href="/inbox"]');
        await page.waitForSelector('#answered-by:not(:empty)');
        return page.textContent('#answered-by');
      })
      .toBe(`Notifications come from ${side}.`);
  };
  await clickUntil('the monolith');
  const unread = Number(await page.textContent('#unread'));
  await control.setServe('notifications', { percent: 100, reason: 'move' });
  await clickUntil('the notifications service');
  expect(Number(await page.textContent('#unread'))).toBe(unread);

  // Their write goes to the owner, and they read it at once.
  await page.click('#inbox li.unread button');
  await page.waitForSelector(`#unread:text-is("${unread - 1}")`);
  await clickUntil('the notifications service');
  expect(Number(await page.textContent('#unread'))).toBe(unread - 1);

  await control.setServe('notifications', { percent: 0, reason: 'and back' });
  await clickUntil('the monolith');
  expect(Number(await page.textContent('#unread'))).toBe(unread - 1);
  await page.close();
});
