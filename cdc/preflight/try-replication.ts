/** Opens a replication connection for real: that is where a pooler, or the server's access rules, refuse the stream. */
import { ReplicationConnection } from '../source/replication-connection.ts';
import type { Finding } from './finding.ts';
import { findingOfFailure } from './open-database.ts';

const ANSWER_MS = 5_000;

export async function tryReplication(path: string, url: string): Promise<Finding[]> {
  try {
    await (await ReplicationConnection.open(url, 'ficus preflight', ANSWER_MS)).close();
    return [];
  } catch (error) {
    return [findingOfFailure(path, url, error)];
  }
}
