/** What stays behind when a slice is retired: Ficus deletes no code and no rows of the monolith. */
import type { CutoverView, SliceView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { oneLine } from './one-line.ts';
import { paint } from './paint.ts';

export interface Remains {
  /** `GET|HEAD /api/notifications`: handlers in the monolith that get no request any more. */
  readonly routes: readonly string[];
  /** Of the monolith's database. */
  readonly tables: readonly string[];
}

export function remainsOf({ routes, tables }: SliceView): Remains {
  return {
    routes: routes.map(({ methods, path }) => `${methods.join('|') || 'ANY'} ${path}`),
    tables: [...new Set(tables.map(({ from }) => from))],
  };
}

export function formatRetired({ slice, epoch }: CutoverView, { routes, tables }: Remains): string {
  return [
    `${paint('green', '✓', process.stdout)} ${printable(slice)} is retired: the candidate owns it for good, epoch ${epoch}. Both streams have ended.`,
    '',
    '  Left to delete in the monolith:',
    ...routes.map((route) => `    the code of ${oneLine(printable(route))}`),
    ...tables.map((table) => `    the table ${oneLine(printable(table))}`),
    '',
    '  Until the tables are dropped, the legacy’s fence refuses what still writes there. Look for refused statements (SQLSTATE FI001)',
    '  in the database’s log before you drop them. The slice stays in ficus.yaml: the proxy sends its requests to the candidate.',
  ].join('\n');
}
