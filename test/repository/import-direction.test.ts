/**
 * The import direction, read from the sources: core ← proxy, cdc, parity ← control ← cli. docs/README.md has the same
 * table; `test/` and `bench/` may import anything.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../parts/named-files.ts';
import { importsOf } from './imports.ts';

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
  scripts: ['core'],
  sample: ['core', 'contract', 'tools', 'legacy-monolith', 'notifications'],
  // Each sample application, and what all of them share, knows nothing of Ficus.
  'legacy-monolith': ['chassis'],
  ...Object.fromEntries(
    globSync('extracted/*', { cwd: ROOT }).map((folder) => [
      folder,
      folder === 'extracted/chassis' ? [] : ['chassis'],
    ]),
  ),
};

function importsIn(workspace: string): { file: string; target: string }[] {
  return globSync(`${workspace}/**/*.ts`, {
    cwd: ROOT,
    exclude: (name) => name.includes('node_modules'),
  }).flatMap((file) => importsOf(file).map((target) => ({ file, target })));
}

describe.each(Object.entries(allowed))('%s', (workspace, targets) => {
  const imports = importsIn(workspace);

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
    .flatMap(importsIn)
    .filter(({ file, target }) => target.endsWith('.fixture.ts') && !/\.(test|fixture)\.ts$/.test(file));
  expect(strays).toEqual([]);
});
