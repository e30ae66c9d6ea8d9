import type { ErrorEntry } from './error-entry.ts';

/** PostgreSQL servers of any part: legacy, candidate, control plane. */
export const databaseErrors = {
  FICUS_DATABASE_UNREACHABLE: {
    status: 503,
    exit: 3,
    title: 'A database cannot be reached',
    remedy: 'Check that it runs, and that host, port, name, user and password in its URL are right.',
    retry: 'timed',
  },
  FICUS_DATABASE_VERSION: {
    status: 409,
    exit: 3,
    title: 'The PostgreSQL server is too old',
    remedy: 'Use PostgreSQL 15 or newer.',
    retry: 'manual',
  },
  FICUS_SCHEMA_NOT_OWN: {
    status: 409,
    exit: 3,
    title: 'A schema of Ficus’s belongs to another role',
    remedy:
      'Find out who has made it. Then let an administrator give it, with all that is in it, to the role of Ficus’s URL (ALTER SCHEMA … OWNER TO …, the same for tables and functions), or drop it.',
    retry: 'manual',
  },
} as const satisfies Record<string, ErrorEntry>;
