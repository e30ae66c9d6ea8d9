/** Writes a file whole or not at all: no reader sees half of it, and a full disk leaves what was there. */
import { randomUUID } from 'node:crypto';
import { access, constants, link, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeFileError, FicusError } from '@ficus/core';

/**
 * @param replaces whether an existing file is replaced; otherwise it is an error, even one that another process has just made
 * @throws FicusError FICUS_PATH_UNUSABLE, FICUS_USAGE
 */
export async function writeWhole(file: string, text: string, replaces: boolean): Promise<void> {
  // A link stays a link.
  const target = await realpath(file).catch(() => file);
  // Process numbers repeat: containers that share a volume have equal ones.
  const draft = `${target}.${randomUUID()}.tmp`;
  try {
    const before = await stat(target).catch(() => undefined);
    await writeFile(draft, text, { flag: 'wx', ...(before && { mode: before.mode & 0o777 }), flush: true });
    if (replaces || !(await linkNew(draft, target))) await rename(draft, target);
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' && syscall === 'link') throw existsAlready(file);
    throw cannotWrite(file, cause);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** Finds out before any work is done for it. @throws FicusError FICUS_PATH_UNUSABLE, FICUS_USAGE */
export async function requireWritable(file: string, replaces: boolean): Promise<void> {
  const before = await stat(file).catch(() => undefined);
  if (before && !replaces) throw existsAlready(file);
  if (before?.isDirectory()) throw cannotWrite(file, { code: 'EISDIR' });
  await access(dirname(file), constants.W_OK).catch((cause: unknown) => {
    throw cannotWrite(file, cause);
  });
}

const cannotWrite = (file: string, cause: unknown): FicusError =>
  new FicusError('FICUS_PATH_UNUSABLE', `${file} cannot be written: ${describeFileError(cause)}.`, { cause });

const existsAlready = (file: string): FicusError =>
  new FicusError(
    'FICUS_USAGE',
    `${file} exists already. Use --force to replace it, or --config for another file.`,
  );

/** File systems without links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Unlike a rename it replaces nothing. @returns false where the file system has no links */
async function linkNew(draft: string, target: string): Promise<boolean> {
  try {
    await link(draft, target);
    return true;
  } catch (error) {
    if (NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
