/**
 * What the proxy of a config runs with, in a file beside that config for as long as it runs. Some settings take effect only
 * at the next start, and a broken file says nothing: the way back must reach what runs all the same. Holds no secret.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { FicusConfig, FlagsConfig } from '@ficus/core';

export interface RunningRecord {
  readonly pid: number;
  /** Numbers of processes, and paths, mean nothing on another machine or in another container. */
  readonly host: string;
  /** HOST:PORT */
  readonly admin?: string | undefined;
  readonly controlUrl?: string | undefined;
  /** A control plane with a database makes every change of flags. */
  readonly hasDatabase: boolean;
  readonly provider: FlagsConfig['provider'];
  readonly flagsFile?: string | undefined;
  readonly unleashUrl?: string | undefined;
}

/** `.ficus/running-ficus.yaml.json` beside ficus.yaml. */
function recordFileOf(configFile: string): string {
  const file = resolve(configFile);
  return join(dirname(file), '.ficus', `running-${basename(file)}.json`);
}

/**
 * Never fails: where the directory cannot be written to, commands go by the config alone.
 * @returns takes it away again
 */
export async function recordRunning(
  configFile: string,
  { flags, control }: Pick<FicusConfig, 'flags' | 'control'>,
  addresses: Pick<RunningRecord, 'admin' | 'controlUrl'>,
): Promise<() => Promise<void>> {
  const file = recordFileOf(configFile);
  const record: RunningRecord = {
    ...{ pid: process.pid, host: hostname(), ...addresses },
    hasDatabase: control?.database !== undefined,
    ...{ provider: flags.provider, flagsFile: flags.file, unleashUrl: flags.unleash?.url },
  };
  const draft = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(draft, JSON.stringify(record), { flag: 'wx', mode: 0o600 });
    await rename(draft, file);
  } catch {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  return () => forget(file);
}

/** A newer proxy's record stays, and so does a directory with more in it. */
async function forget(file: string): Promise<void> {
  if ((await readRecord(file))?.pid !== process.pid) return;
  await rm(file, { force: true }).catch(() => undefined);
  await rmdir(dirname(file)).catch(() => undefined);
}

/** Undefined unless its proxy runs. */
export async function findRecord(configFile: string): Promise<RunningRecord | undefined> {
  const file = recordFileOf(configFile);
  const record = await readRecord(file);
  const isAlive = record?.host === hostname() && isRunning(record.pid);
  return isAlive && (await isTrusted(file).catch(() => false)) ? record : undefined;
}

async function readRecord(file: string): Promise<RunningRecord | undefined> {
  try {
    const read: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isRecord(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(read: unknown): read is RunningRecord {
  const { pid, host, hasDatabase, provider, ...places } = (read ?? {}) as Partial<RunningRecord>;
  const { admin, controlUrl, flagsFile, unleashUrl } = places;
  return (
    Number.isInteger(pid) &&
    pid! > 0 &&
    typeof hasDatabase === 'boolean' &&
    [host, provider].every((value) => typeof value === 'string') &&
    [admin, controlUrl, flagsFile, unleashUrl].every(
      (value) => value === undefined || typeof value === 'string',
    )
  );
}

/**
 * What a record says decides which file is changed. So it counts only from an account that could change the config itself:
 * not from another user of a directory for all, and not from a proxy that may read its config and no more, to root.
 */
async function isTrusted(file: string): Promise<boolean> {
  const own = process.getuid?.();
  if (own === undefined) return true;
  const [record, directory] = await Promise.all([stat(file), stat(dirname(dirname(file)))]);
  return [own, 0, directory.uid].includes(record.uid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
