/**
 * `npm run archive`: one file for machines without npm, dist/ficus-VERSION.tar.gz. It contains the published packages
 * and, by the lockfile, their dependencies; it needs only Node: `node ficus/bin/ficus.js --help`. The container image
 * is built from it. Run `npm run pack` first.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { publishedPackages, ROOT } from './published-packages.ts';

const DIST = join(ROOT, 'dist');
const FOLDER = join(DIST, 'ficus');
const INSTALL = ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--workspace', '@ficus/cli'];

const packages = publishedPackages();
const { version } = packages[0]!.manifest;
rmSync(FOLDER, { recursive: true, force: true });
const manifests = ['package.json', 'package-lock.json', '.npmrc', ...workspaceManifests()];
for (const file of manifests) copyInto(file);
execFileSync('npm', INSTALL, { cwd: FOLDER, stdio: 'inherit' });
// npm has linked the workspaces: the packages replace the links.
for (const { manifest } of packages) unpack(manifest.name);
for (const file of manifests) rmSync(join(FOLDER, file.split('/')[0]!), { recursive: true, force: true });
for (const file of ['LICENSE', 'THIRD-PARTY-NOTICES.md']) copyInto(file);
mkdirSync(join(FOLDER, 'bin'));
writeFileSync(
  join(FOLDER, 'bin', 'ficus.js'),
  "#!/usr/bin/env node\nimport '../node_modules/@ficus/cli/bin/ficus.js';\n",
);
writeFileSync(join(FOLDER, 'package.json'), `${JSON.stringify({ version, type: 'module' })}\n`);
execFileSync('tar', ['-czf', join(DIST, `ficus-${version}.tar.gz`), '-C', DIST, 'ficus']);

function workspaceManifests(): string[] {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  return globSync(
    workspaces.map((pattern) => `${pattern}/package.json`),
    { cwd: ROOT },
  );
}

function copyInto(file: string): void {
  mkdirSync(dirname(join(FOLDER, file)), { recursive: true });
  copyFileSync(join(ROOT, file), join(FOLDER, file));
}

function unpack(name: string): void {
  const target = join(FOLDER, 'node_modules', name);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const tarball = join(DIST, 'packages', `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
}
