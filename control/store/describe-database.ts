import { joinHostPort, readDatabaseUrl } from '@ficus/core';

/** A database in a form that is safe to show: `host:port/name`, never user or password. */
export function describeDatabase(url: string): string {
  try {
    const { host, port, database } = readDatabaseUrl(url);
    return `${joinHostPort(host, Number(port))}/${database || 'postgres'}`;
  } catch {
    return 'the configured database';
  }
}
