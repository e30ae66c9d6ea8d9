/**
 * What a valid config brings about that its reader may not expect. Nothing in it is weak, so no log repeats it: `ficus
 * check` prints each, and counts none as a warning.
 */
import type { ConfigProblem } from './config-problem.ts';
import type { FicusConfig } from './config-schema.ts';

/** All notes; a message says what to do where it is not meant so. */
export function noteConfig({ slices }: FicusConfig): ConfigProblem[] {
  return Object.entries(slices)
    .filter(([, slice]) => movesWrites(slice))
    .map(([name, { routes }]) => ({
      path: ['slices', name, 'tables'],
      message: `lists none, so writes (${writesOf(routes)}) move with the serve flag, as reads do, and nothing keeps the data of both sides in step. Unless they share it, list the tables: \`ficus init --map ${name} --dry-run\` proposes them`,
    }));
}

interface MovedParts {
  readonly tables: readonly unknown[];
  readonly routes: readonly { readonly id: string; readonly kind: 'read' | 'write' }[];
}

/** Whether the serve flag moves writes: then no side owns the slice's data. */
export const movesWrites = ({ tables, routes }: MovedParts): boolean =>
  tables.length === 0 && routes.some(({ kind }) => kind === 'write');

const writesOf = (routes: MovedParts['routes']): string =>
  routes
    .filter(({ kind }) => kind === 'write')
    .map(({ id }) => id)
    .join(', ');
