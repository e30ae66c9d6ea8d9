/** What a person sees when the proxy itself answers, and what a program gets. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { type Rig, startRig } from './rig.ts';

let rig: Rig;
let folder: string | undefined;
afterEach(async () => {
  await rig.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  folder = undefined;
});

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const startUnreachable = async (proxy = {}): Promise<void> => {
  rig = await startRig({ proxy, legacy: { url: `http://127.0.0.1:${await refusingPort()}` } });
};

test('a browser gets a page, a program a problem document', async () => {
  await startUnreachable();
  const page = await rig.get('/shop', { accept: BROWSER, 'x-request-id': 'order-17' });
  expect(page.status).toBe(502);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('vary')).toBe('accept');
  expect(page.text).toContain('<h1>The upstream cannot be reached</h1>');
  expect(page.text).toContain('order-17');
  for (const accept of ['application/json', '*/*']) {
    const problem = await rig.get('/api', { accept });
    expect(problem.headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.parse(problem.text)).toMatchObject({ status: 502, code: 'FICUS_PROXY_UPSTREAM_UNREACHABLE' });
  }
});

test('the page may be one’s own', async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-page-'));
  const errorPage = join(folder, 'error.html');
  await writeFile(errorPage, '<p>Sorry: {{status}} {{unknown}}</p>');
  await startUnreachable({ errorPage });
  expect((await rig.get('/', { accept: BROWSER })).text).toBe('<p>Sorry: 502 {{unknown}}</p>');
});
