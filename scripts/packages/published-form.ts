/**
 * A workspace is in its published form while npm packs it: package.json is that of the published package, and the
 * licence lies beside it, and, where the package's `files` name docs/, the reference and what helps in operation. The source
 * form is kept in a file, so that the next pack repairs an interrupted one.
 */
import { copyFileSync, cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, publishedManifest } from './published-manifest.ts';
import { ROOT } from './published-packages.ts';

const KEPT = '.package.source.json';
/** What a user of the installed command looks up. */
const REFERENCE = ['config.md', 'errors.md', 'reasons.md', 'ficus.schema.json', 'operations'];

/** @param folder of a workspace that is built, and in its source form */
export function enterPublishedForm(folder: string, workspace: string): void {
  const file = join(folder, 'package.json');
  const text = readFileSync(file, 'utf8');
  writeFileSync(join(folder, KEPT), text);
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  if (hasReference(text))
    for (const name of REFERENCE)
      cpSync(join(ROOT, 'docs', name), join(folder, 'docs', name), { recursive: true });
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  const origin =
    server && repository ? { url: `git+${server}/${repository}.git`, directory: workspace } : undefined;
  const published = publishedManifest(JSON.parse(text) as Manifest, origin);
  writeFileSync(file, `${JSON.stringify(published, null, 2)}\n`);
}

/** Restores everything; also deletes the compiled files, so that no tool takes them for sources. */
export function leavePublishedForm(folder: string): void {
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  if (!existsSync(join(folder, KEPT))) return;
  if (hasReference(readFileSync(join(folder, KEPT), 'utf8')))
    rmSync(join(folder, 'docs'), { recursive: true, force: true });
  renameSync(join(folder, KEPT), join(folder, 'package.json'));
  rmSync(join(folder, 'LICENSE'), { force: true });
}

const hasReference = (manifest: string): boolean =>
  (JSON.parse(manifest) as { files?: readonly string[] }).files?.includes('docs') === true;
