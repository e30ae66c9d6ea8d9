/**
 * A second shared PostgreSQL, for targets in which a test holds a transaction open for seconds: in the sources' cluster
 * every new slot would wait for its end.
 */
import type { TestProject } from 'vitest/node';
import { shareCluster } from './postgres-setup.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Port of that cluster on 127.0.0.1; superuser `postgres`, no password. */
    holdingPort: number;
  }
}

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return shareCluster(project, 'holdingPort');
}
