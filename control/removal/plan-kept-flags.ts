/**
 * The last known flags and owners that a proxy of this machine keeps (`flags.backup`): a new installation would start with
 * those of the removed one. Only the files of this config's source are surely its own; what lies beside them is named.
 */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { controlUrl, type FicusConfig, splitHostPort } from '@ficus/core';
import { flagsBackupFile, KEPT_NAME, leftDrafts, ownersFile } from '@ficus/proxy';
import { type LeftFiles, NO_FILES } from './removal.ts';

const KEPT = {
  flags: 'the last known flags, with which a proxy starts while their source is away',
  owners: 'the last known owners of the slices, with which a proxy starts while the control plane is away',
};

export async function planKeptFlags({ flags, control }: FicusConfig): Promise<LeftFiles> {
  if (!flags.backup) return NO_FILES;
  const url = control && isFixed(control) ? controlUrl(control) : undefined;
  const own = [flagsBackupFile(flags, url), ownersFile(flags, url)].filter((file) => file !== undefined);
  const names = await readdir(flags.backup).catch(() => []);
  const paths = names
    .filter((name) => KEPT_NAME.test(name))
    .map((name) => join(flags.backup as string, name));
  const others = paths.filter((path) => !own.includes(path));
  const what = `Flags or owners of another source, with which a proxy of that source would start: ${others.join(', ')}. Delete them if no other installation uses ${flags.backup}.`;
  const drafts = (await Promise.all(own.map(leftDrafts))).flat();
  return {
    files: [...paths.filter((path) => own.includes(path)), ...drafts].map((path) => ({
      path,
      what: basename(path).startsWith('owners-') ? KEPT.owners : KEPT.flags,
      remove: () => rm(path, { force: true }),
    })),
    remnants: others.length > 0 ? [{ what }] : [],
  };
}

/** A control plane on a free port had another address at each start, and a file for each. */
const isFixed = ({ url, listen }: NonNullable<FicusConfig['control']>): boolean =>
  url !== undefined || splitHostPort(listen).port !== 0;
