/** The dashboard in a real browser: what it shows about a slice, that untrusted values stay text, and its token. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { encodeObservation, LINK_PATHS, type Observation, type ObservedResponse } from '@ficus/core';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anObservation, jsonAnswer } from '../../../control/parity/observation.fixture.ts';
import { type Browser, launchChromium, type Page } from '../../parts/chromium.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

const TOKEN = 'correct-horse-battery';
let root: string;
let cluster: EmbeddedCluster;
let database: TestDatabase;
let control: Control;
let stream: HandPlayedReplication;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
  root = await makeTestDirectory('dashboard');
  cluster = await startCluster({ dataDir: join(root, 'data'), settings: { fsync: 'off' } });
  database = await createTestDatabase(cluster.port);
  const { notes } = testConfig(database.url).slices;
  control = await startControl({
    config: testConfig(database.url, {
      control: { listen: '127.0.0.1:0', database: database.url, token: TOKEN },
      slices: {
        notes: notes!,
        pages: {
          candidate: { url: 'http://127.0.0.1:3', versionHeader: 'x-version' },
          routes: [
            { id: 'page', path: '/pages/*' },
            { id: 'search', path: '/search' },
          ],
        },
      },
    }),
    logger: silent,
    replications: (options) => {
      stream = new HandPlayedReplication(options);
      return stream;
    },
  });
  page = await browser.newPage();
});
afterAll(async () => {
  await browser?.close();
  await control?.stop();
  await cluster?.stop();
  await rm(root, { recursive: true, force: true });
});

function answer(title: string, version?: string): ObservedResponse {
  const said = jsonAnswer(JSON.stringify({ title }));
  if (version === undefined || 'failed' in said) return said;
  return { ...said, headers: [...said.headers, ['x-version', version]] };
}

it('asks for the token, and shows nothing without it', async () => {
  await page.goto(control.address);
  await page.waitForSelector('#login:not([hidden])');
  expect(await page.textContent('#slices')).toBe('');
  await page.fill('#token', 'wrong-horse-battery');
  await page.click('#login button');
  await page.waitForSelector('#summary:has-text("does not know this token")');
  await page.fill('#token', TOKEN);
  await page.click('#login button');
  await page.waitForSelector('#slice-notes');
});

it('shows the stage, that nothing compared is not parity, and the lag', async () => {
  const client = createControlClient(control.address, TOKEN, 'ada');
  await client.setShadow('notes', { percent: 100, reason: 'first look' });
  await page.waitForSelector('#slice-notes .stepper .now:has-text("shadow")');
  const card = await page.textContent('#slice-notes');
  expect(card).toContain('Nothing compared is not parity.');
  expect(card).toContain('3 ms behind');
  await page.waitForSelector('#audit:has-text("first look")');
});

async function post(path: string, body: unknown): Promise<void> {
  const { status } = await fetch(control.address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });
  expect(status).toBe(204);
}

const observe = (over: Partial<Observation>) =>
  post(LINK_PATHS.observations, {
    observations: [
      encodeObservation(anObservation({ slice: 'pages', route: 'page', at: Date.now(), ...over })),
    ],
  });

/** A page on which the two sides disagree, as a proxy reports it. */
const reportMismatch = (requestId: string, title: string) =>
  observe({
    ...{ requestId, target: '/pages/1?q=<script>', requestHeaders: [['cookie', 'sid=secret']] },
    ...{ legacy: answer(title), candidate: answer('plain', 'v1') },
  });

const reportMatch = (route: string, version = 'v1') =>
  observe({ route, target: '/pages/1', legacy: answer('same'), candidate: answer('same', version) });

it('shows a mismatch with stand-ins of both values, as text and nothing but text', async () => {
  await reportMismatch('<b>id</b>', '<img src=x onerror="document.title=1">');
  await page.click('#slice-pages details summary');
  await page.waitForSelector('#slice-pages details[open] pre:has-text("$FICUS_COOKIE")');
  expect(await page.textContent('#slice-pages details')).toMatch(/<img src=\w/);
  const markup = await page.content();
  expect(markup).not.toMatch(/<img src=\w/);
  expect(markup).not.toContain('sid=secret');
  expect(await page.textContent('title')).toBe('Ficus');
  const { SCREENSHOT_DIRECTORY } = process.env;
  if (SCREENSHOT_DIRECTORY)
    await page.screenshot({ path: join(SCREENSHOT_DIRECTORY, 'dashboard.png'), fullPage: true });
});

it('keeps the open mismatch, whatever comes after it', async () => {
  for (let later = 0; later < 6; later++) await reportMismatch(`later-${later}`, 'other');
  await page.waitForSelector('#slice-pages .counts:has-text("mismatch 7")');
  expect(await page.textContent('#slice-pages details[open]')).toContain('<b>id</b>');
  await page.click('#slice-pages details[open] summary');
  await page.waitForSelector('#slice-pages section:not(:has(details[open])) details:nth-of-type(5)');
});

it('shows whose writes move with the flag, and reads that were never compared', async () => {
  expect(await page.textContent('#slice-notes .head')).toContain('data owned by the legacy');
  expect(await page.textContent('#slice-pages .head')).toContain('writes move with the serve flag');
  await page.waitForSelector('#slice-pages:has-text("0 % match")');
  await reportMatch('page');
  await page.waitForSelector('#slice-pages:has-text("Never compared: search")');
  await page.waitForSelector('#slice-pages:has-text("of 8 comparisons with version v1 since")');
});

it('shows what an earlier version was compared with apart, and starts again by hand', async () => {
  await reportMatch('page', 'v2');
  await page.waitForSelector('#slice-pages:has-text("of 1 comparison with version v2 since")');
  await page.waitForSelector(
    '#slice-pages:has-text("Earlier, and no evidence any more: 12.5 % of 8 matched with version v1")',
  );
  await page.fill('#slice-pages .reset input', 'v2 is out');
  await page.click('#slice-pages .reset button');
  await page.waitForSelector('#slice-pages:has-text("Nothing compared with version v2 is not parity.")');
  await page.waitForSelector('#audit tr:has-text("parity-reset"):has-text("v2 is out")');
});

it('shows that a candidate does not answer, beside the stage', async () => {
  await createControlClient(control.address, TOKEN, 'ada').setServe('pages', { percent: 100 });
  await post(LINK_PATHS.report, {
    ...{ proxyId: 'p', workers: 2, epochs: {}, traffic: [], droppedCopies: [], breakersOpen: { pages: 2 } },
    name: 'shop-1, http://10.0.0.1:8080',
  });
  await page.waitForSelector('#proxies td:has-text("shop-1, http://10.0.0.1:8080")');
  await page.waitForSelector('#slice-pages .stepper .now:has-text("live")');
  await page.waitForSelector(
    '#slice-pages .bad:has-text("its circuit breaker is open in 2 workers of the proxies. The legacy serves its requests.")',
  );
  await page.waitForSelector('#summary.bad:has-text("the candidate of pages does not answer")');
  expect(await page.textContent('#slice-pages .now-means')).toContain('all requests, writes included');
});

it('shows what is wrong with a stream and what to do', async () => {
  stream.play({
    state: 'stopped',
    problem: { code: 'FICUS_CDC_SLOT_LOST', message: 'The slot was lost.', remedy: 'Copy again.' },
  });
  await page.waitForSelector('#slice-notes .problem:has-text("Copy again.")');
  await page.waitForSelector('#summary.bad:has-text("the stream of notes is unhealthy")');
});

it('removes a slice that was removed from the config', async () => {
  const { pages, ...others } = testConfig(database.url).slices;
  expect(pages).toBeDefined();
  await control.reload({ ...testConfig(database.url), slices: others });
  await page.waitForSelector('main:has(#slice-notes):not(:has(#slice-pages))');
});

it('says when the control plane does not answer', async () => {
  await control.stop();
  await page.waitForSelector('#summary.bad:has-text("does not answer")');
});
