/** A separate cluster for one test, for settings that the shared one does not have, or to be killed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { makeTestDirectory } from '../../../parts/test-directory.ts';

export interface OwnCluster extends EmbeddedCluster {
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

export async function startOwnCluster(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnCluster> {
  const root = await makeTestDirectory(name);
  const cluster = await startCluster({
    dataDir: join(root, 'data'),
    settings: { fsync: 'off', ...settings },
  });
  return {
    ...cluster,
    async remove() {
      await cluster.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
