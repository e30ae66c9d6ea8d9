/** Why the flags file cannot be written. It is replaced by a file beside it, never changed in place. */
import { describeFileError, FicusError } from '@ficus/core';

const WRITE_ERRORS = {
  ENOENT: 'there is no such directory',
  ENOTDIR: 'there is no such directory',
  EBUSY: 'it is mounted as a single file, which cannot be replaced; mount its directory instead',
};

export const unwritableFlagsFile = (file: string, cause: unknown): FicusError =>
  new FicusError(
    'FICUS_PATH_UNUSABLE',
    `The flags file ${file} cannot be written: ${describeFileError(cause, WRITE_ERRORS)}.`,
    { cause },
  );
