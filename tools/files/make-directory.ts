/**
 * Makes a directory with its parents, and opens logs, or says in one sentence why it cannot be. Node's own recursive
 * mkdir does not come back, and keeps the process from ending, where a parent is there and nothing can be made in it:
 * /proc for one.
 */
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FicusError } from '@ficus/core';

/** What is there already is left as it is. @throws FicusError FICUS_DIRECTORY_UNUSABLE */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await makeWithParents(resolve(directory));
  } catch (cause) {
    throw new FicusError(
      'FICUS_DIRECTORY_UNUSABLE',
      `The directory ${directory} cannot be made: ${describeCause(cause as NodeJS.ErrnoException)}.`,
      { cause },
    );
  }
}

/** Opens a log to write at its end. @throws FicusError FICUS_DIRECTORY_UNUSABLE */
export async function openLog(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'a');
  } catch (cause) {
    throw new FicusError(
      'FICUS_DIRECTORY_UNUSABLE',
      `The log ${file} cannot be written: ${describeCause(cause as NodeJS.ErrnoException)}.`,
      { cause },
    );
  }
}

async function makeWithParents(directory: string): Promise<void> {
  if (await isDirectory(directory)) return;
  await makeWithParents(dirname(directory));
  try {
    await mkdir(directory);
  } catch (error) {
    // Another may have made it meanwhile.
    if (!(await isDirectory(directory))) throw error;
  }
}

const isDirectory = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

function describeCause({ code, path = '', message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EEXIST':
      return `${path} is not a directory`;
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOENT':
      return `nothing can be made in ${dirname(path)}`;
    case 'EACCES':
    case 'EPERM':
      return `this user may not write to ${dirname(path)}`;
    case 'EROFS':
      return `${dirname(path)} is read-only`;
    case 'ENAMETOOLONG':
      return 'its name is too long';
    case 'ENOSPC':
      return 'no space is left';
    default:
      return code ?? message;
  }
}
