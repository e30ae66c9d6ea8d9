/**
 * `npm run set-version -- 0.2.0`: one version for all workspaces, and for their dependencies on one another
 * (docs/adr/0011). The changelog must have its section first: every release is described.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './published-packages.ts';
import { withVersion } from './with-version.ts';

const version = process.argv[2] ?? '';
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
  console.error('Give a version: npm run set-version -- 0.2.0');
  process.exit(2);
}
if (!readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').includes(`## ${version} `)) {
  console.error(`CHANGELOG.md has no section ${version}. Write it first.`);
  process.exit(1);
}
for (const file of globSync(['package.json', '*/package.json', 'extracted/*/package.json'], { cwd: ROOT })) {
  const path = join(ROOT, file);
  writeFileSync(path, withVersion(readFileSync(path, 'utf8'), version));
}
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { cwd: ROOT, stdio: 'inherit' });
