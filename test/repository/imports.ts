import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../parts/named-files.ts';

const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

/** What a file of the repository imports, as it is written there. */
export function importsOf(file: string): string[] {
  return [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)].map((match) => match[1]!);
}
