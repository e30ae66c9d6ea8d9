/**
 * Writes docs/errors.md, docs/reasons.md, docs/config.md, docs/ficus.schema.json and THIRD-PARTY-NOTICES.md from their
 * sources. With --check it writes nothing, and exits 1 when a file on disk differs, so that documents stay true.
 */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeConfig, describeErrors, describeReasons, jsonSchema } from './describe.ts';
import { publishedPackages } from './packages/published-packages.ts';
import { describeNotices, type Lockfile } from './third-party-notices.ts';

const root = join(import.meta.dirname, '..');

const documents: Readonly<Record<string, () => string>> = {
  'docs/errors.md': describeErrors,
  'docs/reasons.md': describeReasons,
  'docs/config.md': describeConfig,
  'docs/ficus.schema.json': jsonSchema,
  'THIRD-PARTY-NOTICES.md': notices,
};

const check = process.argv.includes('--check');
let drifted = false;
for (const [path, write] of Object.entries(documents)) {
  const file = join(root, path);
  const wanted = write();
  const found = await readFile(file, 'utf8').catch(() => '');
  if (found === wanted) continue;
  if (check) {
    drifted = true;
    console.error(`${path} differs from the sources. Run: npm run docs`);
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, wanted);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = drifted ? 1 : 0;

function notices(): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
  return describeNotices(
    lock,
    publishedPackages().map(({ workspace }) => workspace),
  );
}
