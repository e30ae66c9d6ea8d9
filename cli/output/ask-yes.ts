/** A question on the terminal that only “y” or “yes” agrees to. */
import { askLine } from './ask-line.ts';

/** Ctrl-C, Ctrl-D and the end of the input are a no. */
export async function askYes(
  question: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<boolean> {
  return /^y(es)?$/i.test((await askLine(`${question} [y/N] `, input, output)).trim());
}
