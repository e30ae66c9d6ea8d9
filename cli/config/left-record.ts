/** What a proxy that was killed has left beside its config, for `ficus uninstall`. The record of one that runs is its own. */
import { lstat, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LeftFiles } from '@ficus/control';
import { leftDrafts } from '@ficus/proxy';
import { isOfRunning, readRecord, recordFileOf } from './running-record.ts';

export async function findLeftRecord(configFile: string): Promise<LeftFiles> {
  const path = recordFileOf(configFile);
  const drafts = (await leftDrafts(path)).map((draft) => ({
    path: draft,
    what: 'a draft of a proxy that was killed while it wrote its places',
    remove: () => removeWithDirectory(draft),
  }));
  const { files, remnants } = await recordOf(path);
  return { files: [...drafts, ...files], remnants };
}

async function recordOf(path: string): Promise<LeftFiles> {
  switch (await stateOf(path)) {
    case 'none':
      return { files: [], remnants: [] };
    case 'killed':
      return {
        files: [{ path, what: 'the places of a proxy that was killed', remove: () => remove(path) }],
        remnants: [],
      };
    case 'runs':
      return stays(`The places of the proxy that runs with this config stay in ${path} until it stops.`);
    case 'unknown':
      return stays(
        `The places of a proxy on another machine, in another container or of another user stay in ${path}: delete it when that proxy has stopped.`,
      );
  }
}

const stays = (what: string): LeftFiles => ({ files: [], remnants: [{ what }] });

async function stateOf(path: string): Promise<'none' | 'killed' | 'runs' | 'unknown'> {
  const record = await readRecord(path);
  if (record === undefined) return (await lstat(path).catch(() => undefined)) ? 'unknown' : 'none';
  const runs = await isOfRunning(record);
  if (runs === undefined) return 'unknown';
  return runs ? 'runs' : 'killed';
}

/** Meanwhile another proxy may have been started. @throws Error */
async function remove(path: string): Promise<void> {
  if ((await stateOf(path)) !== 'killed') throw new Error('a proxy was started with it');
  await removeWithDirectory(path);
}

async function removeWithDirectory(path: string): Promise<void> {
  await rm(path);
  await rmdir(dirname(path)).catch(() => undefined);
}
