/**
 * Creates a directory with its parents, and opens logs, or says in one sentence why that fails. Node's own recursive
 * mkdir never returns, and keeps the process alive, where a parent exists and nothing can be created in it: /proc, for
 * instance.
 */
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FicusError } from '@ficus/core';

/** An existing directory stays as it is. @throws FicusError FICUS_PATH_UNUSABLE */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await makeWithParents(resolve(directory));
  } catch (cause) {
    throw new FicusError(
      'FICUS_PATH_UNUSABLE',
      `The directory ${directory} cannot be created: ${describeCause(cause as NodeJS.ErrnoException)}.`,
      { cause },
    );
  }
}

/** Opens a log to write at its end. @throws FicusError FICUS_PATH_UNUSABLE */
export async function openLog(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'a');
  } catch (cause) {
    throw new FicusError(
      'FICUS_PATH_UNUSABLE',
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
    // Another process may have created it meanwhile.
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
      return `nothing can be created in ${dirname(path)}`;
    case 'EACCES':
    case 'EPERM':
      return `permission denied to write to ${dirname(path)}`;
    case 'EROFS':
      return `${dirname(path)} is read-only`;
    case 'ENAMETOOLONG':
      return 'its name is too long';
    case 'ENOSPC':
      return 'no space left on the device';
    default:
      return code ?? message;
  }
}
