/** One embedded PostgreSQL for all `.pg.test.ts` files of a run; each test creates its own databases in it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startCluster } from '@ficus/tools';
import type { TestProject } from 'vitest/node';
import { makeTestDirectory } from './parts/test-directory.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Port of the shared cluster on 127.0.0.1; superuser `postgres`, no password. */
    postgresPort: number;
  }
}

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return shareCluster(project, 'postgresPort');
}

/** Starts a cluster and provides its port to the project's tests under this name. Returns a function that ends it. */
export async function shareCluster(
  project: TestProject,
  name: 'postgresPort' | 'holdingPort',
): Promise<() => Promise<void>> {
  const root = await makeTestDirectory('pg');
  const cluster = await startCluster({ dataDir: join(root, 'data'), settings: { fsync: 'off' } });
  project.provide(name, cluster.port);
  return async () => {
    await cluster.stop();
    await rm(root, { recursive: true, force: true });
  };
}
