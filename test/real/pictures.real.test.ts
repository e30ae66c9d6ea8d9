/**
 * The README's pictures, recorded from real runs: the demo in a terminal, and its dashboard in a browser. `npm run
 * pictures` (FICUS_PICTURES=1) writes them to docs/pictures; otherwise they are only made and checked.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../e2e/run-command.ts';
import { type Browser, launchChromium } from '../parts/chromium.ts';
import { type RunningRecording, recordTerminal, renderRecording } from '../parts/terminal-recorder.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';

const SIZE = { columns: 118, rows: 31 };
const PICTURES = join(ROOT, 'docs', 'pictures');
let browser: Browser;
let recording: RunningRecording;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  recording?.child.kill('SIGTERM');
  await recording?.ended;
  await browser?.close();
});

test('the demo in a terminal, and its dashboard while users are moving', async () => {
  const writes = process.env.FICUS_PICTURES === '1';
  const folder = writes ? PICTURES : await makeTestDirectory('pictures');
  await mkdir(folder, { recursive: true });
  recording = await recordTerminal(`${process.execPath} sample/demo.ts --seconds 8`, SIZE, 500, {
    cwd: ROOT,
    env: { ...process.env, FORCE_COLOR: '1' },
  });
  const page = await browser.newPage();
  await expect.poll(() => recording.text(), { timeout: 120_000 }).toMatch(/dashboard is http:\/\/\S+/);
  await page.goto(/dashboard is (http:\/\/[\w.:]+)/.exec(recording.text())![1]!);
  await expect.poll(() => recording.text(), { timeout: 120_000 }).toContain('live: ');
  await page.waitForSelector('#slice-notifications .stepper .now:has-text("live")');
  await page.screenshot({ path: join(folder, 'dashboard.png'), fullPage: true });
  const ended = await recording.ended;
  expect(ended.status).toBe(0);
  const title = 'npm run demo -- --seconds 8';
  const picture = renderRecording(ended, SIZE, { title, speed: 3, holdMs: 8_000 });
  expect(picture).toContain('Every promise held.');
  await writeFile(join(folder, 'demo.svg'), picture);
});

test('the README’s pictures show the demo that there is', async () => {
  const picture = await readFile(join(PICTURES, 'demo.svg'), 'utf8');
  for (const text of ['shadow:', 'canary:', 'live:', 'cutover:', 'rollback:', 'Every promise held.'])
    expect(picture).toContain(text);
  expect((await readFile(join(PICTURES, 'dashboard.png'))).subarray(1, 4).toString()).toBe('PNG');
});
