/** The pool of connections to a stream's source, apart from its replication connection: marks, positions, looks at catalogs. */
import pg from 'pg';
import { limitStatements } from '../catalog/session-settings.ts';
import { requireOwnSession, takeSession } from '../source/own-session.ts';

const ANSWER_MS = 10_000;
/** Below it: the server ends a query before its client gives up, or each retry would leave a process that waits. */
const STATEMENT_MS = 9_000;

export function openSourcePool(url: string, applicationName: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: 4,
    connectionTimeoutMillis: 5_000,
    // Marks and queries that take a moment each: a missing answer means that something is broken and must show.
    query_timeout: ANSWER_MS,
    onConnect: async (client) => {
      await requireOwnSession(url);
      await takeSession(client as pg.Client);
      await limitStatements(client, STATEMENT_MS);
    },
  });
  pool.on('error', () => undefined);
  // A client on loan has no error listener of the pool's: a broken connection would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
