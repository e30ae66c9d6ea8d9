/**
 * The import direction, read from the sources: core ← proxy, cdc, parity ← control ← cli. docs/README.md has the same
 * table; `test/` and `bench/` may import anything.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  proxy: ['core'],
  cdc: ['core'],
  parity: ['core'],
  contract: ['core'],
  dashboard: [],
  control: ['core', 'proxy', 'cdc', 'parity', 'contract', 'dashboard'],
  cli: ['core', 'proxy', 'cdc', 'parity', 'contract', 'control'],
  tools: ['core'],
  sample: ['core', 'contract', 'tools', 'legacy-monolith', 'notifications'],
  // Each sample application, and what all of them share, knows nothing of Ficus.
  'legacy-monolith': ['chassis'],
  ...Object.fromEntries(
    globSync('extracted/*', { cwd: root }).map((folder) => [
      folder,
      folder === 'extracted/chassis' ? [] : ['chassis'],
    ]),
  ),
};

const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

function importsOf(workspace: string): { file: string; target: string }[] {
  return globSync(`${workspace}/**/*.ts`, {
    cwd: root,
    exclude: (name) => name.includes('node_modules'),
  }).flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    return [...source.matchAll(IMPORT)].map((match) => ({ file, target: match[1] ?? '' }));
  });
}

describe.each(Object.entries(allowed))('%s', (workspace, targets) => {
  const imports = importsOf(workspace);

  test('has sources at all', () => {
    expect(imports.length).toBeGreaterThan(0);
  });

  test(`imports no workspace but ${targets.join(', ') || 'none'}`, () => {
    const permitted = new Set(targets);
    const strays = imports.filter(({ target }) => {
      const [, name] = /^@ficus(?:-sample)?\/([^/]+)/.exec(target) ?? ['', undefined];
      return name !== undefined && !permitted.has(name);
    });
    expect(strays).toEqual([]);
  });

  test('reaches into no other folder by a relative path', () => {
    const depth = workspace.split('/').length;
    const strays = imports.filter(({ file, target }) => {
      if (!target.startsWith('.')) return false;
      const resolved = join(file, '..', target).split('/').slice(0, depth).join('/');
      return resolved !== workspace;
    });
    expect(strays).toEqual([]);
  });
});

test('only tests and fixtures import fixtures, which are not published', () => {
  const strays = Object.keys(allowed)
    .flatMap(importsOf)
    .filter(({ file, target }) => target.endsWith('.fixture.ts') && !/\.(test|fixture)\.ts$/.test(file));
  expect(strays).toEqual([]);
});
