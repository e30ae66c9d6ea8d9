/**
 * The last known flags on disk (`flags.backup`). A proxy that starts while Unleash or the control plane is away continues
 * with them, as Unleash's own clients do: otherwise one restart during an outage would move every user back.
 *
 * A file belongs to one source: another server, token or control plane has another file. It is readable by its owner only,
 * because constraints may name users, and counts only from an account that is trusted with it (own-file.ts).
 */
import { createHash } from 'node:crypto';
import { dirname, isAbsolute, join } from 'node:path';
import { type ClientFeatures, describeFileError, type FlagsConfig } from '@ficus/core';
import { readOwnFile, replaceOwnFile } from '../files/own-file.ts';
import { readFeatureSet } from './feature-set.ts';

/** Flags, and when they were received. */
interface KeptFlags {
  readonly set: ClientFeatures;
  readonly receivedAt: string;
}

const RETRY_MS = 5_000;

export class FlagsBackup {
  readonly #file: string;
  readonly #onProblem: (message: string) => void;
  readonly #retryMs: number;
  #waiting: KeptFlags | undefined;
  #writing: Promise<void> | undefined;
  #failed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(file: string, onProblem: (message: string) => void, retryMs = RETRY_MS) {
    this.#file = file;
    this.#onProblem = onProblem;
    this.#retryMs = retryMs;
  }

  /** Keeps a set; of several in a row, the last. Never throws: flags work without it. */
  keep(set: ClientFeatures, receivedAt: Date): void {
    this.#waiting = { set, receivedAt: receivedAt.toISOString() };
    this.#begin();
  }

  /** Everything kept so far is on disk, or cannot be written. */
  async settled(): Promise<void> {
    await this.#writing;
    this.#begin();
    await this.#writing;
  }

  /** The flags of an earlier run, if there are any that can be read. */
  async last(): Promise<KeptFlags | undefined> {
    try {
      const { set, receivedAt } = JSON.parse(await readOwnFile(this.#file)) as Partial<KeptFlags>;
      if (Number.isNaN(Date.parse(receivedAt ?? ''))) throw new Error('it has no time');
      return { set: readFeatureSet(set).set, receivedAt: receivedAt! };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#onProblem(`the last known flags in ${this.#file} are not used: ${describeFileError(error)}`);
      return undefined;
    }
  }

  #begin(): void {
    if (this.#waiting !== undefined) this.#writing ??= this.#write();
  }

  /** What cannot be written is tried again: what is on disk may send users where a flip has just taken them away. */
  async #write(): Promise<void> {
    for (let kept = this.#waiting; kept !== undefined; kept = this.#waiting) {
      this.#waiting = undefined;
      try {
        await replaceOwnFile(this.#file, JSON.stringify(kept));
        // What a later start would refuse is said now.
        await readOwnFile(this.#file);
        if (this.#failed) this.#onProblem(`flags are kept in ${dirname(this.#file)} again`);
        this.#failed = false;
      } catch (error) {
        this.#waiting ??= kept;
        if (!this.#failed) this.#onProblem(describeFailure(this.#file, error));
        this.#failed = true;
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#begin(), this.#retryMs).unref();
        break;
      }
    }
    this.#writing = undefined;
  }
}

const describeFailure = (file: string, error: unknown): string =>
  `flags cannot be kept in ${dirname(file)}: ${describeFileError(error)}; until they can, a restart while their source is away takes older ones, or turns all flags off. Free space there, or set flags.backup to a directory that the proxy may write to, or to false`;

/** @returns undefined where nothing is kept: the file provider has its file, and a relative path has no base */
export function openFlagsBackup(
  { provider, unleash, backup }: FlagsConfig,
  controlUrl: string | undefined,
  onProblem: (message: string) => void,
): FlagsBackup | undefined {
  const file = flagsBackupFile({ provider, unleash, backup }, controlUrl);
  return file === undefined ? undefined : new FlagsBackup(file, onProblem);
}

/** Where flags of this source are kept; undefined like `openFlagsBackup`. */
export function flagsBackupFile(
  { provider, unleash, backup }: Pick<FlagsConfig, 'provider' | 'unleash' | 'backup'>,
  controlUrl: string | undefined,
): string | undefined {
  const source = provider === 'unleash' ? [unleash!.url, unleash!.token] : [controlUrl];
  if (provider === 'file' || !backup || !isAbsolute(backup) || source[0] === undefined) return undefined;
  const name = createHash('sha256')
    .update(JSON.stringify([provider, ...source]))
    .digest('hex')
    .slice(0, 16);
  return join(backup, `flags-${name}.json`);
}

/** The name of such a file, whatever its source. */
export const FLAGS_BACKUP_NAME = /^flags-[0-9a-f]{16}\.json$/;
