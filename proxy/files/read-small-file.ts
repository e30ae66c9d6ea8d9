/**
 * Files of a bounded length: a device like /dev/zero would be read until the memory is full. Those that a config names
 * are regular files alone, as a FIFO would hold its reader until somebody writes.
 */
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import { open } from 'node:fs/promises';

const MIB = 1024 * 1024;
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Up to 1 MiB, while requests wait.
 * @throws Error of node:fs, or one whose message says why this file is not read
 */
export function readSmallFile(path: string): string {
  const file = openSync(path, READ);
  try {
    requireRegular(fstatSync(file), 1);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** The same for a larger file, while others continue. */
export async function readRegularFile(path: string, longestMib: number): Promise<string> {
  const file = await open(path, READ);
  try {
    requireRegular(await file.stat(), longestMib);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** What a command is given, which may be a pipe: `--config <(generate)`. */
export async function readGivenFile(path: string, longestMib: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > longestMib * MIB) throw tooLarge(longestMib);
  }
  return Buffer.concat(pieces).toString('utf8');
}

const tooLarge = (longestMib: number): Error => new Error(`it is larger than ${longestMib} MiB`);

function requireRegular(stats: Stats, longestMib: number): void {
  if (stats.isDirectory()) throw new Error('it is a directory');
  if (!stats.isFile()) throw new Error('it is not a regular file');
  if (stats.size > longestMib * MIB) throw tooLarge(longestMib);
}
