/**
 * Folders for what tests write, databases above all. In memory where Linux has room for it: a suite creates and drops
 * hundreds of databases of three hundred files each, which on a disk takes a fifth of the whole run.
 */
import { chmod, mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const ON_DISK = join(import.meta.dirname, '..', '..', '.ficus', 'test');
/** A run needs about a third of it. */
const ROOM_BYTES = 2 * 1024 ** 3;
/** The process that created it, so that the leftovers of a killed run can be recognized. */
const NAME = /^ficus-test-(\d+)-/;

let base: Promise<string> | undefined;

/** A fresh folder that every user may pass through (PostgreSQL may run as another); the caller removes it. */
export async function makeTestDirectory(purpose: string): Promise<string> {
  base ??= chooseBase();
  const directory = await mkdtemp(join(await base, `ficus-test-${process.pid}-${purpose}-`));
  await chmod(directory, 0o755);
  return directory;
}

async function chooseBase(): Promise<string> {
  const inMemory = process.availableMemory() > 2 * ROOM_BYTES && (await freeBytes(MEMORY)) > ROOM_BYTES;
  const chosen = inMemory ? MEMORY : ON_DISK;
  await mkdir(chosen, { recursive: true });
  for (const name of await readdir(chosen)) {
    const maker = NAME.exec(name)?.[1];
    if (maker !== undefined && !isAlive(Number(maker)))
      await rm(join(chosen, name), { recursive: true, force: true }).catch(() => undefined);
  }
  return chosen;
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user counts as alive as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
