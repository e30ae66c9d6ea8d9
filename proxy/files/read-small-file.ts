/**
 * Files that a config names, regular ones of a bounded length alone: a FIFO would hold its reader until somebody writes, a
 * device like /dev/zero until the memory is full.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
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

function requireRegular(stats: Stats, longestMib: number): void {
  if (stats.isDirectory()) throw new Error('it is a directory');
  if (!stats.isFile()) throw new Error('it is not a regular file');
  if (stats.size > longestMib * MIB) throw new Error(`it is larger than ${longestMib} MiB`);
}
