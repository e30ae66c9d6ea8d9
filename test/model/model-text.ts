/**
 * The model as one text, with the place of each line in its files: spin's verifier counts lines, and mistakes the files that
 * they are included from.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ModelText {
  readonly text: string;
  /** `file:line` of each line. */
  readonly places: readonly string[];
}

export function readModel(file = 'cutover.pml'): ModelText {
  const lines = readFileSync(join(import.meta.dirname, file), 'utf8')
    .trimEnd()
    .split('\n');
  const parts = lines.map((line, at): ModelText => {
    const [, included] = /^#include "(.+)"$/.exec(line) ?? [];
    return included === undefined ? { text: line, places: [`${file}:${at + 1}`] } : readModel(included);
  });
  return { text: parts.map(({ text }) => text).join('\n'), places: parts.flatMap(({ places }) => places) };
}
