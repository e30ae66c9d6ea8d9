/** The dashboard in a real browser, when something is away: what it shows is said to be old, and nothing else is. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { encodeObservation, LINK_PATHS } from '@ficus/core';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anObservation, jsonAnswer } from '../../../control/parity/observation.fixture.ts';
import { openRelay, type Relay } from '../../faults/relay.ts';
import { type Browser, launchChromium, type Page } from '../../parts/chromium.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';
import { createTestDatabase, HandPlayedReplication, silent, testConfig } from './rig.ts';

let root: string;
let cluster: EmbeddedCluster;
let control: Control;
let relay: Relay;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
  root = await makeTestDirectory('dashboard-away');
  cluster = await startCluster({ dataDir: join(root, 'data'), settings: { fsync: 'off' } });
  const database = await createTestDatabase(cluster.port);
  control = await startControl({
    config: testConfig(database.url),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });
  await createControlClient(control.address).setServe('notes', { percent: 25 });
  relay = await openRelay(Number(new URL(control.address).port));
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${relay.port}/`);
  await page.waitForSelector('#slice-notes .stepper .now:has-text("canary")');
});
afterAll(async () => {
  await browser?.close();
  await relay?.close();
  await control?.stop();
  await cluster?.stop();
  await rm(root, { recursive: true, force: true });
});

/** A page on which the two sides disagree, as a proxy reports it. */
async function reportMismatch(requestId: string): Promise<void> {
  const observation = anObservation({
    ...{
      slice: 'pages',
      route: 'page',
      at: Date.now(),
      requestId,
      target: `/pages/${'1234567890'.repeat(20)}`,
    },
    ...{ legacy: jsonAnswer('{"a":1}'), candidate: jsonAnswer('{"a":2}') },
  });
  const { status } = await fetch(control.address + LINK_PATHS.observations, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ observations: [encodeObservation(observation)] }),
  });
  expect(status).toBe(204);
}

it('a reader with a keyboard stays where they are, whatever comes', async () => {
  await reportMismatch('first');
  await page.waitForSelector('#slice-pages details');
  const focused = () => page.evaluate<string>('document.activeElement.tagName');
  for (let steps = 0; steps < 20 && (await focused()) !== 'SUMMARY'; steps++)
    await page.keyboard.press('Tab');
  await reportMismatch('second');
  await page.waitForSelector('#slice-pages .counts:has-text("mismatch 2")');
  expect(await focused()).toBe('SUMMARY');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#slice-pages details[open]');
  await page.waitForSelector('role=article[name="pages"] >> role=button[name="copy for the candidate"]');
});

it('a wrong clock of the reader’s machine makes nothing old', async () => {
  await page.evaluate('{ const { now } = Date; Date.now = () => now() + 7_200_000; }');
  await createControlClient(control.address).setShadow('notes', { percent: 1, reason: 'after the clock' });
  // The row is drawn by the changed clock.
  await page.waitForSelector('#audit tr:has-text("after the clock")');
  expect(await page.innerText('#audit')).not.toContain('h ago');
});

it('the line at the top leads to the slice in trouble', async () => {
  await page.click('#summary a:has-text("pages")');
  expect(page.url()).toMatch(/#slice-pages$/);
  const top = 'document.querySelector("#slice-pages").getBoundingClientRect().top';
  await expect.poll(() => page.evaluate<number>(`${top} < window.innerHeight / 2`)).toBe(true);
});

it('on a phone nothing scrolls sideways', async () => {
  await page.setViewportSize({ width: 375, height: 800 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(375);
});

it('a control plane that hangs makes the data old, with its time, until it answers again', async () => {
  relay.stall();
  await page.fill('#slice-notes .reset input', 'a new version');
  await page.click('#slice-notes .reset button');
  await page.waitForSelector('#slice-notes .reset:has-text("may still make the change")');
  await page.waitForSelector('body.stale #summary.bad:has-text("does not answer. The data below is of")');
  relay.resume();
  await page.waitForSelector('body:not(.stale) #summary:has-text("2 slices")');
});

it('while the control database is away all else is live, and the way back is named', async () => {
  await cluster.kill();
  await page.waitForSelector('#audit .bad:has-text("cannot be reached")');
  await page.waitForSelector('#slice-notes:has-text("The way back is ficus.yaml")');
  await page.waitForSelector('body:not(.stale) #summary:has-text("2 slices")');
  await cluster.restart();
  await page.waitForSelector('#audit tr:has-text("serve")');
  await page.waitForSelector('#slice-notes:has-text("brings every read back")');
});
