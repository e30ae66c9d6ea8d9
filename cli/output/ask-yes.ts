/** A question on the terminal that only “y” or “yes” agrees to. */
import { createInterface } from 'node:readline/promises';

/** Ctrl-C, Ctrl-D and the end of the input are a no. */
export async function askYes(
  question: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<boolean> {
  const terminal = createInterface({ input, output, terminal: true });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  // Ctrl-C rejects, and closes the terminal.
  const answer = terminal.question(`${question} [y/N] `).catch(() => closed);
  try {
    return /^y(es)?$/i.test((await Promise.race([answer, closed])).trim());
  } finally {
    terminal.close();
  }
}

/** Whether somebody is there to be asked. JSON is for programs. */
export const canAsk = ({ json }: { readonly json?: boolean }): boolean =>
  !json && process.stdin.isTTY === true;
