/**
 * The one place that writes to the terminal. What commands print holds texts of strangers: bodies of users, reasons of
 * callers, names of tables. Of control characters only line breaks and our own colours pass. JSON keeps its exact
 * meaning.
 */
import { printableJson, printableLines } from '@ficus/core';

type Stream = NodeJS.WriteStream;

/** The codes of `paint`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
const OWN_COLOUR = /(\u001b\[(?:0|1|2|22|31|32|33|36|39)m)/;

/** Columns of the terminal; undefined in a pipe, where nothing bounds a line. */
export function widthOf(stream: Stream = process.stdout): number | undefined {
  return stream.isTTY ? stream.columns || undefined : undefined;
}

/** Text for people on standard output. */
export function print(text: string, stream: Stream = process.stdout): void {
  stream.write(clean(text, stream));
}

/** A script on standard output: exact in a file or a pipe, where it is run from. */
export function printScript(text: string): void {
  if (process.stdout.isTTY) print(text);
  else process.stdout.write(text);
}

/** Text for people on standard error. */
export function printError(text: string): void {
  print(text, process.stderr);
}

/** One of several documents on standard output: a line each. */
export function printJsonLine(document: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(document))}\n`);
}

/** One document on standard output. */
export function printJson(document: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(document, null, 2))}\n`);
}

/** Clears a screen or a line, and writes a text in its place. @param control a sequence of our own */
export function draw(control: string, text: string, stream: Stream = process.stdout): void {
  stream.write(control + clean(text, stream));
}

function clean(text: string, stream: Stream): string {
  if (!stream.isTTY && !process.env.FORCE_COLOR) return printableLines(text);
  // Parts at odd places are colours.
  return text
    .split(OWN_COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : printableLines(part)))
    .join('');
}
