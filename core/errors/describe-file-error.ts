/** Why a file or directory cannot be read or written, as a clause. Used wherever a path of the user fails. */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'there is no such file or directory',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links lead in a circle',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  ENAMETOOLONG: 'its name is too long',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is exhausted',
  EMFILE: 'this process has too many open files',
};

/**
 * @param error of node:fs, or of fetch, which has the reason as its cause
 * @param own other words for some codes, where more is known
 */
export function describeFileError(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  const { code, cause, message } = error as Partial<Error> & { code?: string; cause?: { code?: string } };
  const reason = cause?.code ?? code ?? '';
  return own[reason] ?? WORDS[reason] ?? (reason || String(message));
}
