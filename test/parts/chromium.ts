/** A real browser: the system's chromium, installed by its package manager when this is root on Debian. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installNpmPart } from './npm-part.ts';

const PLAYWRIGHT_VERSION = '1.65.1';
const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const run = promisify(execFile);

/** The part of playwright-core that the browser tests use; the package itself is fetched on demand. */
export interface Page {
  goto(url: string): Promise<unknown>;
  fill(selector: string, value: string): Promise<void>;
  click(selector: string): Promise<void>;
  waitForURL(url: RegExp): Promise<void>;
  waitForSelector(selector: string): Promise<unknown>;
  waitForLoadState(state: 'networkidle'): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  innerText(selector: string): Promise<string>;
  content(): Promise<string>;
  url(): string;
  on(event: 'response', listener: (response: PageResponse) => void): void;
  close(): Promise<void>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  evaluate<T>(expression: string): Promise<T>;
  readonly keyboard: { press(key: string): Promise<void> };
  screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
}

/** An answer that the page was given. */
export interface PageResponse {
  url(): string;
  status(): number;
  headers(): Record<string, string>;
  request(): { method(): string; resourceType(): string };
}

export interface Browser {
  /** A page with cookies of its own. */
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** @throws when there is no chromium and none can be installed; the message says how */
export async function launchChromium(): Promise<Browser> {
  const executablePath = (await findChromium()) ?? (await installChromium());
  const folder = await installNpmPart('playwright-core', PLAYWRIGHT_VERSION);
  const { chromium } = (await import(join(folder, 'index.mjs'))) as {
    chromium: { launch(options: object): Promise<Browser> };
  };
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

async function findChromium(): Promise<string | undefined> {
  for (const path of CANDIDATES) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}

async function installChromium(): Promise<string> {
  if (process.getuid?.() === 0) {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', 'chromium'], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 1 << 26,
    });
    const installed = await findChromium();
    if (installed) return installed;
  }
  throw new Error('No chromium found. Install it (on Debian: apt-get install chromium), then run again.');
}
