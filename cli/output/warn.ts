/** A warning in one line: the command does what it was asked for all the same. */
import { printable } from '@ficus/core';
import { paint } from './paint.ts';
import { printError } from './terminal.ts';

export function warn(text: string): void {
  printError(`${formatWarning(text, process.stderr)}\n`);
}

/** @param stream that it goes to */
export const formatWarning = (text: string, stream: NodeJS.WriteStream): string =>
  `${paint('yellow', '!', stream)} ${printable(text)}`;
