/** Why a config is refused, beside what runs, or before the failure that may come of it (a token that is too short, say). */
import { printable } from '@ficus/core';
import { paint } from './paint.ts';
import { printError } from './terminal.ts';

export function printProblems(file: string, problems: readonly string[]): void {
  for (const problem of problems)
    printError(`${paint('red', '✗', process.stderr)} ${file}: ${printable(problem)}\n`);
}
