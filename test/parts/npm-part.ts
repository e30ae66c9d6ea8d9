/**
 * Heavier real parts, fetched by the suites that need them and never by `npm ci`: an npm package in a separate folder
 * under .ficus/parts, kept for the next run.
 */
import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const PARTS = join(import.meta.dirname, '..', '..', '.ficus', 'parts');

/**
 * Installs `name@version` unless it is present, and returns the folder of the package.
 * @param withScripts packages that are incomplete until their install scripts have run: npm 12 runs no others
 * @throws when npm cannot install it, with npm's message
 */
export async function installNpmPart(
  name: string,
  version: string,
  withScripts: readonly string[] = [],
): Promise<string> {
  const folder = join(PARTS, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}-${version}`);
  const installed = join(folder, 'node_modules', name);
  const complete = join(folder, 'complete');
  if (await exists(complete)) return installed;
  await mkdir(folder, { recursive: true });
  const allowScripts = Object.fromEntries(withScripts.map((part) => [part, true]));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts }));
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', `${name}@${version}`], {
    cwd: folder,
  });
  // Written last: an interrupted install is repeated.
  await writeFile(complete, '');
  return installed;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
