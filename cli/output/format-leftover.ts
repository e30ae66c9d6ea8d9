import type { LeftoverView } from '@ficus/contract';
import { oneLine } from './one-line.ts';
import { paint } from './paint.ts';

/** What no slice uses: our own as an error, what may be another installation's as a warning. */
export function formatLeftover({ slice, database, message, remedy }: LeftoverView): string {
  const mark = slice === null ? paint('yellow', '!', process.stdout) : paint('red', '✗', process.stdout);
  return `\n${mark} ${oneLine(`${database}: ${message}`)}\n    ${remedy}`;
}
