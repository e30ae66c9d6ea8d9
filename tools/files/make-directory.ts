/**
 * Creates a directory with its parents, and opens logs, or says in one sentence why that fails. Node's own recursive
 * mkdir never returns, and keeps the process alive, where a parent exists and nothing can be created in it: /proc, for
 * instance.
 */
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeFileError, FicusError } from '@ficus/core';

/** An existing directory stays as it is. @throws FicusError FICUS_PATH_UNUSABLE */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await makeWithParents(resolve(directory));
  } catch (cause) {
    throw new FicusError(
      'FICUS_PATH_UNUSABLE',
      `The directory ${directory} cannot be created: ${describeCause(cause)}.`,
      { cause },
    );
  }
}

/** Opens a log to write at its end; a new one is for this user alone. @throws FicusError FICUS_PATH_UNUSABLE */
export async function openLog(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'a', 0o600);
  } catch (cause) {
    throw new FicusError(
      'FICUS_PATH_UNUSABLE',
      `The log ${file} cannot be written: ${describeCause(cause)}.`,
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

function describeCause(cause: unknown): string {
  const { path = '' } = cause as NodeJS.ErrnoException;
  const parent = dirname(path);
  return describeFileError(cause, {
    EEXIST: `${path} is not a directory`,
    ENOENT: `nothing can be created in ${parent}`,
    EACCES: `permission denied to write to ${parent}`,
    EPERM: `permission denied to write to ${parent}`,
    EROFS: `${parent} is read-only`,
  });
}
