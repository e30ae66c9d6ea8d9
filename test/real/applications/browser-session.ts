/** What a browser session asks an application for, and is answered: to compare a direct one with one through the proxy. */
import type { Browser, Page } from '../../parts/chromium.ts';

export interface BrowserSession {
  /** Each distinct call for a page or its data: `METHOD /path STATUS type`, sorted. */
  readonly calls: readonly string[];
  /** The text that the user saw, by the name that the visit gave it. */
  readonly texts: Readonly<Record<string, string>>;
}

/** The running session, for its visit. */
export interface Visitor {
  readonly page: Page;
  /** Where the application is reached. */
  readonly base: string;
  /** Keeps what the page shows under a name. */
  look(name: string, selector: string): Promise<void>;
  /** The side that served the last answer for a path; undefined when nothing said so. */
  sideOf(path: string): string | undefined;
}

/** Runs a visit in a page with cookies of its own. */
export async function recordSession(
  browser: Browser,
  base: string,
  visit: (visitor: Visitor) => Promise<void>,
): Promise<BrowserSession> {
  const page = await browser.newPage();
  const calls = new Set<string>();
  const sides = new Map<string, string | undefined>();
  page.on('response', (response) => {
    const { origin, pathname } = new URL(response.url());
    const type = response.request().resourceType();
    if (origin !== base || !['document', 'xhr', 'fetch'].includes(type)) return;
    const headers = response.headers();
    const said = [response.request().method(), pathname, response.status(), headers['content-type'] ?? '-'];
    calls.add(said.join(' '));
    sides.set(pathname, headers['x-ficus-side']);
  });
  const texts: Record<string, string> = {};
  const look = async (name: string, selector: string): Promise<void> => {
    await page.waitForSelector(selector);
    texts[name] = await page.innerText(selector);
  };
  try {
    await visit({ page, base, look, sideOf: (path) => sides.get(path) });
  } finally {
    await page.close();
  }
  return { calls: [...calls].toSorted(), texts };
}
