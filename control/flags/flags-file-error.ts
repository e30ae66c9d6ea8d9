/** Why the flags file cannot be read or written, in the words of an operator. */
import { FicusError } from '@ficus/core';

export const unwritableFlagsFile = (file: string, cause: unknown): FicusError =>
  new FicusError(
    'FICUS_PATH_UNUSABLE',
    `The flags file ${file} cannot be written: ${describeFileError(cause as NodeJS.ErrnoException)}.`,
    { cause },
  );

export function describeFileError({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such folder';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EROFS') return 'its file system is read-only';
  if (code === 'ENOSPC') return 'no space left on the device';
  if (code === 'EBUSY')
    return 'it is mounted as a single file, which cannot be replaced; mount its folder instead';
  return code ?? message;
}
