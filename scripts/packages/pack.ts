/** `npm run pack`: the tarballs of all published packages, in dist/packages; what the release publishes and the tests run. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackages } from './build-packages.ts';
import { enterPublishedForm, leavePublishedForm } from './published-form.ts';
import { publishedPackages, ROOT } from './published-packages.ts';

const destination = join(ROOT, 'dist', 'packages');
const packages = publishedPackages();
for (const { folder } of packages) leavePublishedForm(folder);
buildPackages(packages);
rmSync(destination, { recursive: true, force: true });
mkdirSync(destination, { recursive: true });
for (const { folder, workspace } of packages) {
  enterPublishedForm(folder, workspace);
  try {
    const options = ['pack', '--ignore-scripts', '--pack-destination', destination];
    execFileSync('npm', options, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  } finally {
    leavePublishedForm(folder);
  }
}
