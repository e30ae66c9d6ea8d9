import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

const NAMED = /`((?:[a-z-]+\/)+[a-z0-9.-]+\.(?:ts|md|js|sql))`/g;

/** Files of the repository that a text names, in its order, each once. */
export function filesNamedIn(text: string): string[] {
  return [...new Set([...text.matchAll(NAMED)].map((match) => match[1]!))];
}
