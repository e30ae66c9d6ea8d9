/**
 * The last known flags that a proxy of this machine keeps (`flags.backup`): a new installation would start with those of
 * the removed one. Only the file of this config's source is surely its own; what lies beside it is named.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { controlUrl, type FicusConfig, splitHostPort } from '@ficus/core';
import { FLAGS_BACKUP_NAME, flagsBackupFile, leftDrafts } from '@ficus/proxy';
import { type LeftFiles, NO_FILES } from './removal.ts';

const KEPT_FLAGS = 'the last known flags, with which a proxy starts while their source is away';

export async function planKeptFlags({ flags, control }: FicusConfig): Promise<LeftFiles> {
  if (!flags.backup) return NO_FILES;
  const own = flagsBackupFile(flags, control && isFixed(control) ? controlUrl(control) : undefined);
  const names = await readdir(flags.backup).catch(() => []);
  const paths = names
    .filter((name) => FLAGS_BACKUP_NAME.test(name))
    .map((name) => join(flags.backup as string, name));
  const others = paths.filter((path) => path !== own);
  const what = `Flags of another source, with which a proxy of that source would start: ${others.join(', ')}. Delete them if no other installation uses ${flags.backup}.`;
  const drafts = own === undefined ? [] : await leftDrafts(own);
  return {
    files: [...paths.filter((path) => path === own), ...drafts].map((path) => ({
      path,
      what: KEPT_FLAGS,
      remove: () => rm(path, { force: true }),
    })),
    remnants: others.length > 0 ? [{ what }] : [],
  };
}

/** A control plane on a free port had another address at each start, and a file for each. */
const isFixed = ({ url, listen }: NonNullable<FicusConfig['control']>): boolean =>
  url !== undefined || splitHostPort(listen).port !== 0;
