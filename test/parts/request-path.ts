/** The files that docs/architecture/request-path.md names: those that a GET passes, in order, and their leaves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesNamedIn, ROOT } from './named-files.ts';

export const DOCUMENT = readFileSync(join(ROOT, 'docs/architecture/request-path.md'), 'utf8');

export const PATH_FILES = filesNamedIn(tableUnder('## One GET with a shadow copy, file by file'));
export const LEAF_FILES = filesNamedIn(tableUnder('### Its leaves'));

/** The first table after a heading. */
function tableUnder(heading: string): string {
  const [, after] = DOCUMENT.split(`${heading}\n`);
  if (after === undefined) throw new Error(`request-path.md has no ${heading}`);
  return /(?:^\|.*\n)+/m.exec(after)?.[0] ?? '';
}
