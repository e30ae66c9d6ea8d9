/** A confirmation for what cannot be undone: the name is typed, a “y” is not enough. */
import { FicusError } from '@ficus/core';
import { askLine, canAsk } from './ask-line.ts';

export async function askName(
  question: string,
  name: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<boolean> {
  return (await askLine(`${question} Type ${name} to confirm: `, input, output)).trim() === name;
}

/**
 * Before anything is asked.
 * @throws FicusError FICUS_USAGE where there is no terminal, and no --yes
 */
export function requireAnswerable(
  options: { readonly yes?: boolean; readonly json?: boolean },
  what: string,
): void {
  if (options.yes || canAsk(options)) return;
  throw new FicusError('FICUS_USAGE', `Without a terminal to ask on, give --yes: ${what}.`);
}
