/** The dashboard in a real browser: what it shows about a slice, that untrusted values stay text, and its token. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { encodeObservation, LINK_PATHS } from '@ficus/core';
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
  control = await startControl({
    config: testConfig(database.url, {
      control: { listen: '127.0.0.1:0', database: database.url, token: TOKEN },
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

const answer = (title: string) => jsonAnswer(JSON.stringify({ title }));

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

/** A page on which the two sides disagree, as a proxy reports it. */
async function reportMismatch(requestId: string, title: string): Promise<void> {
  await fetch(control.address + LINK_PATHS.observations, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({
      observations: [
        encodeObservation(
          anObservation({
            slice: 'pages',
            route: 'page',
            requestId,
            at: Date.now(),
            target: '/pages/1?q=<script>',
            requestHeaders: [['cookie', 'sid=secret']],
            legacy: answer(title),
            candidate: answer('plain'),
          }),
        ),
      ],
    }),
  });
}

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
