/** Two fresh databases of the shared cluster, a source and a target, for one test file; dropped afterwards. */
import pg from 'pg';
import { createEmptyDatabase } from '../../../parts/empty-database.ts';

export interface DatabasePair {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly source: pg.Client;
  readonly target: pg.Client;
  drop(): Promise<void>;
}

/** Creates both databases on the cluster at `port` (the source on that at `sourcePort`) and connects to each. */
export async function createDatabasePair(port: number, sourcePort = port): Promise<DatabasePair> {
  const source = await createConnected(sourcePort, 'source');
  const target = await createConnected(port, 'target');
  return {
    sourceUrl: source.url,
    targetUrl: target.url,
    source: source.client,
    target: target.client,
    async drop() {
      await source.drop();
      await target.drop();
    },
  };
}

async function createConnected(port: number, purpose: string) {
  const { url, drop } = await createEmptyDatabase(port, purpose);
  const client = new pg.Client({ connectionString: url });
  // A cluster that the test itself stops takes its connections down with it.
  client.on('error', () => undefined);
  await client.connect();
  return {
    url,
    client,
    async drop() {
      await client.end().catch(() => undefined);
      await drop();
    },
  };
}
