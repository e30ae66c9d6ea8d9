/** Documents name files that exist; the way of one request is as short as promised. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const NAMED = /`((?:[a-z-]+\/)+[a-z0-9.-]+\.(?:ts|md|js|sql))`/g;

function filesNamedIn(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...new Set([...text.matchAll(NAMED)].map((match) => match[1]!))];
}

test.each(['README.md', ...globSync('docs/**/*.md', { cwd: root })])(
  '%s names files that exist',
  (document) => {
    expect(filesNamedIn(document).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  },
);

test('one GET with a shadow copy passes at most 40 files', () => {
  const files = filesNamedIn('docs/architecture/request-path.md');
  expect(files.length).toBeGreaterThan(20);
  expect(files.length).toBeLessThanOrEqual(40);
});
