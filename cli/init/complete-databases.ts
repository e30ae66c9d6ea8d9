/** The databases that a slice with tables needs, and that ficus.yaml does not name yet: as references to the environment. */
import type { FicusConfig } from '@ficus/core';
import {
  CONTROL_VARIABLE,
  candidateVariable,
  type DatabaseReference,
  databaseReference,
  LEGACY_VARIABLE,
} from './database-reference.ts';
import type { KeyLines } from './insert-key.ts';
import { scalar } from './yaml-scalar.ts';

export interface MissingDatabase extends KeyLines {
  /** `legacy.database` */
  readonly name: string;
  readonly reference: DatabaseReference;
}

export function findMissingDatabases(
  { legacy, slices, control }: FicusConfig,
  slice: string,
  { sourceUrl, targetUrl }: { readonly sourceUrl: string; readonly targetUrl: string },
): MissingDatabase[] {
  const missing = (path: readonly string[], variable: string, url?: string): MissingDatabase => {
    const reference = databaseReference(variable, url);
    const lines = [`database: ${scalar(reference.text)}`];
    return { name: [...path, 'database'].join('.'), path, key: 'database', lines, reference };
  };
  const own = missing(['control'], CONTROL_VARIABLE);
  return [
    ...(legacy.database === undefined ? [missing(['legacy'], LEGACY_VARIABLE, sourceUrl)] : []),
    ...(slices[slice]?.candidate.database === undefined
      ? [missing(['slices', slice, 'candidate'], candidateVariable(slice), targetUrl)]
      : []),
    ...(control?.database !== undefined
      ? []
      : control === undefined
        ? [
            {
              ...own,
              path: [],
              key: 'control',
              // Not at the end: there `ficus init` has written slices as comments.
              after: 'legacy',
              lines: ['control:', ...own.lines.map((line) => `  ${line}`)],
            },
          ]
        : [own]),
  ];
}
