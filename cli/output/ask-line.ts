/** One line from the terminal. */
import { createInterface } from 'node:readline/promises';
import { printable } from '@ficus/core';

/** Names in the question may come from elsewhere: nothing in it moves the cursor. Ctrl-C, Ctrl-D and the end of the input are an empty line. */
export async function askLine(
  question: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  const terminal = createInterface({ input, output, terminal: true });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  // Ctrl-C rejects, and closes the terminal.
  const answer = terminal.question(printable(question)).catch(() => closed);
  try {
    return await Promise.race([answer, closed]);
  } finally {
    terminal.close();
  }
}

/** Whether somebody is there to be asked. JSON is for programs. */
export const canAsk = ({ json }: { readonly json?: boolean }): boolean =>
  !json && process.stdin.isTTY === true;
