/**
 * What the proxy of a config runs with, in a file beside that config for as long as it runs. Some settings take effect only
 * at the next start, and a broken file says nothing: the way back must reach what runs all the same. Holds no secret.
 */
import { readFile, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FicusConfig, FlagsConfig } from '@ficus/core';
import { readOwnFile, replaceOwnFile } from '@ficus/proxy';
import { isStillRunning, ownHost, startOfProcess } from './process-start.ts';

export interface RunningRecord {
  readonly pid: number;
  /** Of the process: a later one may get its number. Undefined where it cannot be read. */
  readonly start?: string | undefined;
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

/** Where the processes are reached. */
export type RunningAddresses = Pick<RunningRecord, 'admin' | 'controlUrl'>;

/** Longer ones are none. */
const LONGEST = 64 * 1024;

/** `.ficus/running-ficus.yaml.json` beside ficus.yaml. */
export function recordFileOf(configFile: string): string {
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
  addresses: RunningAddresses,
): Promise<() => Promise<void>> {
  const file = recordFileOf(configFile);
  const record: RunningRecord = {
    ...{ pid: process.pid, start: await startOfProcess(process.pid), host: await ownHost(), ...addresses },
    hasDatabase: control?.database !== undefined,
    ...{ provider: flags.provider, flagsFile: flags.file, unleashUrl: flags.unleash?.url },
  };
  const text = JSON.stringify(record);
  await replaceOwnFile(file, text).catch(() => undefined);
  return () => forget(file, text);
}

/** The record of any other proxy stays, and so does a directory with more in it. */
async function forget(file: string, text: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) return;
  await rm(file, { force: true }).catch(() => undefined);
  await rmdir(dirname(file)).catch(() => undefined);
}

/** Undefined unless its proxy runs. */
export async function findRecord(configFile: string): Promise<RunningRecord | undefined> {
  const record = await readRecord(recordFileOf(configFile));
  return record && (await isOfRunning(record)) ? record : undefined;
}

/** Whether its process runs; undefined of another machine. */
export async function isOfRunning({ host, pid, start }: RunningRecord): Promise<boolean | undefined> {
  return host === (await ownHost()) ? await isStillRunning(pid, start) : undefined;
}

/** Undefined of one that cannot be read, or believed. */
export async function readRecord(file: string): Promise<RunningRecord | undefined> {
  try {
    const read: unknown = JSON.parse(await readOwnFile(file, LONGEST));
    return isRecord(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(read: unknown): read is RunningRecord {
  const { pid, host, hasDatabase, provider, ...places } = (read ?? {}) as Partial<RunningRecord>;
  const { start, admin, controlUrl, flagsFile, unleashUrl } = places;
  return (
    Number.isInteger(pid) &&
    pid! > 0 &&
    typeof hasDatabase === 'boolean' &&
    [host, provider].every((value) => typeof value === 'string') &&
    [start, admin, controlUrl, flagsFile, unleashUrl].every(
      (value) => value === undefined || typeof value === 'string',
    )
  );
}
