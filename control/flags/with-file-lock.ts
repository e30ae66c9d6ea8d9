/**
 * Runs one change of a file at a time, across all processes: the holder keeps a lock file beside it, which names the
 * holder. A lock whose process has ended is removed, but only under the removal lock, so that a fresh lock is never
 * mistaken for the stale one before it. Called by set-percent-in-file.ts.
 */
import { type FileHandle, lstat, open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { FicusError } from '@ficus/core';
import { unwritableFlagsFile } from './flags-file-error.ts';

interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** ISO time. */
  readonly at: string;
}

const WAIT_MS = 10_000;
const TRY_AGAIN_MS = 20;
/** A holder writes its name within milliseconds, unless it was killed before. */
const UNNAMED_MS = 5_000;

/** @throws FicusError FICUS_FLAGS_FILE_LOCKED, FICUS_PATH_UNUSABLE, and what `run` throws */
export async function withFileLock<T>(file: string, run: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
  const lock = `${file}.lock`;
  const deadline = performance.now() + waitMs;
  while (!(await take(lock, file))) {
    // A stale lock stays only if the process that was removing it was killed as well.
    if (performance.now() >= deadline)
      throw await locked(file, (await isStale(lock)) ? removalOf(lock) : lock);
    await removeStale(lock, file);
    await delay(TRY_AGAIN_MS * (0.5 + Math.random()));
  }
  try {
    return await run();
  } finally {
    await rm(lock, { force: true });
  }
}

const removalOf = (lock: string): string => `${lock}.removal`;

/** Returns false when another holder has it. */
async function take(lock: string, file: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx');
    await writeHolder(lock, handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unwritableFlagsFile(file, error);
  }
}

async function writeHolder(lock: string, handle: FileHandle): Promise<void> {
  const holder: LockHolder = { pid: process.pid, host: hostname(), at: new Date().toISOString() };
  try {
    await handle.writeFile(JSON.stringify(holder));
  } catch (error) {
    // A lock that does not name its holder would never count as stale.
    await rm(lock, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function removeStale(lock: string, file: string): Promise<void> {
  if (!(await isStale(lock))) return;
  const removal = removalOf(lock);
  if (!(await take(removal, file))) return;
  try {
    // Another process may have removed the stale lock and taken a new one meanwhile.
    if (await isStale(lock)) await rm(lock, { force: true });
  } finally {
    await rm(removal, { force: true });
  }
}

/** `undefined`: released, of an account whose files cannot be read, or not written yet. */
const readHolder = async (lock: string): Promise<LockHolder | undefined> => holderIn(await textOf(lock));

const textOf = (lock: string): Promise<string | undefined> => readFile(lock, 'utf8').catch(() => undefined);

function holderIn(text = ''): LockHolder | undefined {
  try {
    const { pid, host, at } = JSON.parse(text) as Partial<LockHolder>;
    return pid !== undefined && host !== undefined && at !== undefined ? { pid, host, at } : undefined;
  } catch {
    return undefined;
  }
}

async function isStale(lock: string): Promise<boolean> {
  const text = await textOf(lock);
  const holder = holderIn(text);
  if (holder !== undefined) return hasEnded(holder);
  // What cannot be read may name a holder that works.
  if (text === undefined) return false;
  const found = await lstat(lock).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > UNNAMED_MS;
}

/**
 * Only for a process of this host can its end be known. A restarted container often has the same process id as before.
 */
function hasEnded(holder: LockHolder): boolean {
  if (holder.host !== hostname()) return false;
  if (holder.pid === process.pid) return Date.parse(holder.at) < performance.timeOrigin;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function locked(file: string, lock: string): Promise<FicusError> {
  const holder = await readHolder(lock);
  const by = holder
    ? `process ${holder.pid} on ${holder.host} since ${holder.at}`
    : 'a process that is not named';
  return new FicusError(
    'FICUS_FLAGS_FILE_LOCKED',
    `The flags file ${file} is being changed by ${by} (lock file ${lock}).`,
  );
}
