/** `node scripts/packages/publish.ts`: publishes the tarballs in dist/packages; run by the release, again after a failure. */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { publishMissing, type Tarball } from './publish-missing.ts';
import { ROOT } from './published-packages.ts';

const tarballs = globSync('dist/packages/*.tgz', { cwd: ROOT }).map((file): Tarball => {
  const path = join(ROOT, file);
  const manifest = execFileSync('tar', ['-xOzf', path, 'package/package.json'], { encoding: 'utf8' });
  const { name, version } = JSON.parse(manifest) as { name: string; version: string };
  return { spec: `${name}@${version}`, file: path };
});

const published = publishMissing(tarballs, {
  // npm prints nothing for a missing version, and fails for an unknown name.
  isPublished: (spec) =>
    spawnSync('npm', ['view', spec, 'version'], { encoding: 'utf8' }).stdout.trim() !== '',
  publish: (file) => execFileSync('npm', ['publish', file], { stdio: 'inherit' }),
});
console.log(published.length > 0 ? `Published ${published.join(', ')}` : 'Everything is published already');
