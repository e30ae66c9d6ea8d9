/** A cluster of one test's own, for settings that the shared one does not have, or to be killed. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedCluster, startCluster } from '@ficus/sample';

export interface OwnCluster extends EmbeddedCluster {
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

export async function startOwnCluster(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnCluster> {
  const base = join(import.meta.dirname, '../../../.ficus/test');
  await mkdir(base, { recursive: true });
  const root = await mkdtemp(join(base, `${name}-`));
  // PostgreSQL may run as another user than the test: it has to pass through.
  await chmod(root, 0o755);
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
