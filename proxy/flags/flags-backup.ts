/**
 * The last known flags on disk (`flags.backup`). A proxy that starts while Unleash or the control plane is away continues
 * with them, as Unleash's own clients do: otherwise one restart during an outage would move every user back.
 *
 * A file belongs to one source: another server, token or control plane has another file. It is readable by its owner only,
 * because constraints may name users, and counts only from an account that is trusted with it (own-file.ts).
 */
import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import type { ClientFeatures, FlagsConfig } from '@ficus/core';
import { KeptFile } from '../files/kept-file.ts';
import { readFeatureSet } from './feature-set.ts';

/** Flags, and when they were received. */
interface KeptFlags {
  readonly set: ClientFeatures;
  readonly receivedAt: string;
}

export class FlagsBackup {
  readonly #file: KeptFile;

  constructor(file: string, onProblem: (message: string) => void, retryMs?: number) {
    const consequence =
      'until they can, a restart while their source is away takes older ones, or turns all flags off.';
    this.#file = new KeptFile({ file, what: 'flags', consequence, onProblem, retryMs });
  }

  /** Keeps a set; of several in a row, the last. Never throws: flags work without it. */
  keep(set: ClientFeatures, receivedAt: Date): void {
    this.#file.keep(JSON.stringify({ set, receivedAt: receivedAt.toISOString() } satisfies KeptFlags));
  }

  /** Everything kept so far is on disk, or cannot be written. */
  settled(): Promise<void> {
    return this.#file.settled();
  }

  /** The flags of an earlier run, if there are any that can be read. */
  last(): Promise<KeptFlags | undefined> {
    return this.#file.read((text) => {
      const { set, receivedAt } = JSON.parse(text) as Partial<KeptFlags>;
      if (Number.isNaN(Date.parse(receivedAt ?? ''))) throw new Error('it has no time');
      return { set: readFeatureSet(set).set, receivedAt: receivedAt! };
    });
  }
}

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
  return join(backup, `flags-${nameOf([provider, ...source])}.json`);
}

/** Where the owners of the slices are kept, as this control plane reported them; undefined where nothing is kept. */
export function ownersFile(
  { backup }: Pick<FlagsConfig, 'backup'>,
  controlUrl: string | undefined,
): string | undefined {
  if (!backup || !isAbsolute(backup) || controlUrl === undefined) return undefined;
  return join(backup, `owners-${nameOf([controlUrl])}.json`);
}

const nameOf = (source: readonly (string | undefined)[]): string =>
  createHash('sha256').update(JSON.stringify(source)).digest('hex').slice(0, 16);

/** The name of such a file, whatever its source. */
export const KEPT_NAME = /^(flags|owners)-[0-9a-f]{16}\.json$/;
