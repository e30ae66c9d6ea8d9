/**
 * A small file that processes of one installation leave for later ones, in a directory of their own (`.ficus` beside the
 * config): the places of a running proxy, the last known flags. What it says decides which file a command changes, and
 * which side serves a user, so not everyone who can write there may say it. Replaced whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A reader sees the old content or the new one, whatever happens meanwhile. Clears what a killed writer has left. */
export async function replaceOwnFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600, flush: true });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  for (const left of await leftDrafts(file)) await rm(left, { force: true }).catch(() => undefined);
}

const DRAFT = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/**
 * A draft is renamed within milliseconds. Its age, and no number of a process, says whether its writer lives: directories are
 * shared by containers.
 */
const LEFT_AFTER_MS = 60_000;

/** Drafts of this file whose writers were killed. */
export async function leftDrafts(file: string): Promise<string[]> {
  const names = await readdir(dirname(file)).catch(() => []);
  const drafts = names
    .filter((name) => name.startsWith(basename(file)) && DRAFT.test(name.slice(basename(file).length)))
    .map((name) => join(dirname(file), name));
  const ages = await Promise.all(drafts.map(ageMs));
  return drafts.filter((_, index) => ages[index]! > LEFT_AFTER_MS);
}

const ageMs = (file: string): Promise<number> =>
  lstat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );

/**
 * Only from an account that could replace the directory itself: its own, root, the owner of the directory above. Not from
 * another user of a directory for all, and not from one that may read the config and no more, to root. What is checked is
 * what is read: not a link, and not what takes its place meanwhile.
 * @param longest in bytes
 * @throws Error of node:fs, or one whose message says why the file is not believed
 */
export async function readOwnFile(file: string, longest = Number.POSITIVE_INFINITY): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | NO_LINK | NO_WAITING).catch(asLink);
  try {
    await requireOwn(handle, file, longest);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Windows has neither, nor owners as numbers: there all are 0. */
const { O_NOFOLLOW: NO_LINK = 0, O_NONBLOCK: NO_WAITING = 0 } = constants;

async function requireOwn(handle: FileHandle, file: string, longest: number): Promise<void> {
  const found = await handle.stat();
  const directory = dirname(file);
  // Who made a link decides where it leads, so its owner counts like that of the directory.
  const places = [await lstat(directory), await stat(directory)];
  const { uid } = await stat(dirname(directory));
  const trusted = [process.getuid?.(), 0, uid];
  if (!found.isFile()) throw new Error('it is not a regular file');
  if (found.size > longest) throw new Error(`it is longer than ${longest} bytes`);
  if (!trusted.includes(found.uid)) throw new Error(`it belongs to another user (${found.uid})`);
  const foreign = places.find((place) => !trusted.includes(place.uid));
  if (foreign) throw new Error(`its directory belongs to another user (${foreign.uid})`);
}

function asLink(error: NodeJS.ErrnoException): never {
  throw error.code === 'ELOOP' ? new Error('it is a symbolic link') : error;
}
