import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DASHBOARD_FILES } from './dashboard-files.ts';

const paths = DASHBOARD_FILES.map(({ path }) => path);

test('every file of the page is served', () => {
  const files = readdirSync(join(import.meta.dirname, 'page')).map((name) => `/${name}`);
  expect(files.map((path) => (path === '/dashboard.html' ? '/' : path)).sort()).toEqual([...paths].sort());
});

test('everything that a file loads is served too', () => {
  const asked = DASHBOARD_FILES.flatMap(({ read }) => [
    ...read().matchAll(/(?:from '\.|href="|src=")(\/[a-z.-]+)['"]/g),
  ]);
  expect(asked.length).toBeGreaterThan(8);
  for (const [, path] of asked) expect(paths).toContain(path);
});
