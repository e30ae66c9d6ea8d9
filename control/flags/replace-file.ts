/**
 * Replaces a file in one step: no reader sees half of it, and after a power cut it is either the old file or the new
 * one. Keeps its mode, and its owner where this process may set it. Called by set-percent-in-file.ts under the file's
 * lock.
 */
import type { Stats } from 'node:fs';
import { type FileHandle, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Resolves all links, so that a link stays a link. The file itself need not exist. */
export async function realFile(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const target = await readlink(file).catch(() => undefined);
  return target === undefined ? file : realFile(resolve(dirname(file), target));
}

/** @param file not a link */
export async function replaceFile(file: string, text: string): Promise<void> {
  // Under the lock there is no other: what has this name was left by a process that was killed.
  const draft = `${file}.lock.draft`;
  try {
    await rm(draft, { force: true });
    await writeDraft(draft, text, await statIfExists(file));
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeDraft(draft: string, text: string, before: Stats | undefined): Promise<void> {
  const handle = await open(draft, 'wx', before && before.mode & 0o7777);
  try {
    if (before) await keepOwnerAndMode(handle, before);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The owner first: a change of owner may clear bits of the mode. */
async function keepOwnerAndMode(handle: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const now = await handle.stat();
  if (now.uid !== uid || now.gid !== gid)
    await handle.chown(uid, gid).catch(() => handle.chown(now.uid, gid).catch(() => undefined));
  await handle.chmod(mode & 0o7777);
}

const statIfExists = (file: string): Promise<Stats | undefined> =>
  stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
