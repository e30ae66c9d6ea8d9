import type { ErrorEntry } from './error-entry.ts';

/** The fence of a slice's tables, in either database. */
export const fenceErrors = {
  FICUS_FENCE_NOT_OWNER: {
    status: 403,
    exit: 3,
    title: 'Only the owner of the tables may install the fence',
    remedy:
      'Have an administrator run the SQL that `ficus check --live --grants` prints for this database; it can be run again at any time.',
    retry: 'manual',
  },
  FICUS_FENCE_BUSY: {
    status: 409,
    exit: 3,
    title: 'A table cannot be fenced, because a transaction has been using it for too long',
    remedy:
      'Nothing has changed for the table, and tables before it are fenced. Try again once the named transaction has ended; if it was forgotten, end it with the printed SQL.',
    retry: 'manual',
  },
  FICUS_FENCE_DRAIN: {
    status: 409,
    exit: 3,
    title: 'Transactions of writers did not end in time for the fence',
    remedy:
      'The fence is as before. Let the named transactions end, or end them: `SELECT pg_terminate_backend(PID)`, for a prepared one `ROLLBACK PREPARED` or `COMMIT PREPARED`. Then try again.',
    retry: 'manual',
  },
  FICUS_FENCE_GAPS: {
    status: 409,
    exit: 3,
    title: 'There is a way around the fence',
    remedy:
      'The fence is as before. Close each named gap: install the fence again for tables and partitions without its trigger, fix the config for tables that were renamed, and let no DDL run on the tables meanwhile.',
    retry: 'manual',
  },
} as const satisfies Record<string, ErrorEntry>;
