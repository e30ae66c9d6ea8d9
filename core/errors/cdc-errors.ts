import type { ErrorEntry } from './error-entry.ts';

/** The change stream. */
export const cdcErrors = {
  FICUS_CDC_WAL_LEVEL: {
    status: 409,
    exit: 3,
    title: 'The source does not write a logical WAL',
    remedy: "ALTER SYSTEM SET wal_level = 'logical'; then restart PostgreSQL.",
    retry: 'manual',
  },
  FICUS_CDC_POOLER: {
    status: 409,
    exit: 3,
    title: 'A connection pooler stands in front of a database',
    remedy:
      'Give Ficus the address of PostgreSQL itself, of a managed database the direct one (docs/operations/databases.md). Nothing was set or left behind the pooler.',
    retry: 'manual',
  },
  FICUS_CDC_REPLICA_IDENTITY: {
    status: 409,
    exit: 3,
    title: 'A table has no replica identity that can be published',
    remedy:
      'Give the table a primary key without generated columns, or, if it has no generated columns, ALTER TABLE … REPLICA IDENTITY FULL.',
    retry: 'manual',
  },
  FICUS_CDC_SOURCE_PROTECTED: {
    status: 409,
    exit: 3,
    title: 'The publication kept the source from writing, and sends no updates and deletes any more',
    remedy:
      'Give the table the replica identity that the message asks for, then copy the rows again: ficus copy SLICE --restart.',
    retry: 'manual',
  },
  FICUS_CDC_TABLE_MISSING: {
    status: 409,
    exit: 3,
    title: 'A mapped table or column does not exist',
    remedy: 'Fix the mapping in ficus.yaml, or create the table or column.',
    retry: 'manual',
  },
  FICUS_CDC_MAPPING_INVALID: {
    status: 422,
    exit: 3,
    title: 'A mapping does not fit the databases',
    remedy: 'Fix the table’s entry in ficus.yaml, or the table of the candidate.',
    retry: 'manual',
  },
  FICUS_CDC_HELD: {
    status: 409,
    exit: 3,
    title: 'A fence of the target refuses the stream',
    remedy:
      'Nothing to do while a cutover or rollback is under way: the stream continues when it is decided. If it stays: ficus cutover SLICE --resume.',
    retry: 'timed',
  },
  FICUS_CDC_NO_WAY_BACK: {
    status: 409,
    exit: 3,
    title: 'The mapping has no way back',
    remedy:
      'Give the tables that the message names what the way back needs: `reverse` beside an expression, a module’s reverse(), or the columns that are missing.',
    retry: 'manual',
  },
  FICUS_CDC_NO_ROUND_TRIP: {
    status: 504,
    exit: 3,
    title: 'A message did not come through the stream in time',
    remedy: 'Look at what the stream waits for: ficus status SLICE. Then try again.',
    retry: 'manual',
  },
  FICUS_CDC_PRIVILEGE: {
    status: 403,
    exit: 3,
    title: 'A database role lacks a privilege',
    remedy: 'Grant it; `ficus check --live --grants` prints roles that have all they need and no more.',
    retry: 'manual',
  },
  FICUS_CDC_SLOTS_EXHAUSTED: {
    status: 409,
    exit: 3,
    title: 'The source has no room for another replication slot or sender',
    remedy: 'Drop unused slots, or raise max_replication_slots and max_wal_senders and restart PostgreSQL.',
    retry: 'manual',
  },
  FICUS_CDC_BLOCKED: {
    status: 409,
    exit: 3,
    title: 'The stream waits for the transaction of another session',
    remedy: 'The stream continues by itself when that transaction ends. If it was forgotten, end it:',
    retry: 'manual',
  },
  FICUS_CDC_STANDBY_AWAY: {
    status: 409,
    exit: 3,
    title: 'The source waits for a standby before it sends changes',
    remedy: 'Start the standby. If it will not return, take its slot out of synchronized_standby_slots:',
    retry: 'manual',
  },
  FICUS_CDC_SLOT_RETENTION: {
    status: 409,
    exit: 3,
    title: 'The source may keep too much or too little WAL for the slot',
    remedy: 'Set max_slot_wal_keep_size to what the disk can hold and the longest pause of the stream needs.',
    retry: 'manual',
  },
  FICUS_CDC_PARTITIONED: {
    status: 409,
    exit: 3,
    title: 'A source table is partitioned',
    remedy:
      'Nothing is wrong. When you truncate, detach or drop a single partition of the source, delete its rows on the target too; attach partitions empty.',
    retry: 'manual',
  },
  FICUS_CDC_APPLY_IN_ORDER: {
    status: 409,
    exit: 3,
    title: 'Changes of a table must be applied one by one',
    remedy:
      'Nothing is wrong, but the stream applies this table more slowly. For more speed, drop the index or constraint on the candidate until cutover.',
    retry: 'manual',
  },
  FICUS_CDC_TARGET_TRIGGERS: {
    status: 409,
    exit: 3,
    title: 'Triggers or foreign keys of the target act on replicated rows',
    remedy:
      'Let the target’s role set session_replication_role, or make the foreign keys deferrable and the triggers harmless for replicated rows.',
    retry: 'manual',
  },
  FICUS_CDC_TARGET_REFERENCES: {
    status: 409,
    exit: 3,
    title: 'Foreign keys between streamed tables and the service’s own do not act on replicated rows',
    remedy:
      'Let the foreign key’s trigger fire for replicated rows, too, where the finding prints how; or remove such rows in the service yourself, or drop the foreign key until cutover.',
    retry: 'manual',
  },
  FICUS_CDC_NARROWER: {
    status: 409,
    exit: 3,
    title: 'A column of the target does not hold all values of its source column',
    remedy:
      'Give the target’s column the type of the source, and copy rows that are there already again (ficus copy SLICE --restart); or write the printed `columns`, whose cast says that the loss is meant and needs no new copy. A warning alone needs nothing if all values fit.',
    retry: 'manual',
  },
  FICUS_CDC_NULLABLE: {
    status: 409,
    exit: 3,
    title: 'A column may be null on the source and must not be on the target',
    remedy:
      'Drop NOT NULL on the target, or map the column with sql that gives null a value: coalesce(…). If the source never has null there, nothing is wrong.',
    retry: 'manual',
  },
  FICUS_CDC_SLOT_LOST: {
    status: 409,
    exit: 3,
    title: 'The replication slot is lost or was recreated',
    remedy: 'Copy the rows again: ficus copy SLICE --restart.',
    retry: 'manual',
  },
  FICUS_CDC_SLOT_GIVEN_UP: {
    status: 409,
    exit: 3,
    title: 'The slot kept more WAL than allowed, and was dropped to protect the source',
    remedy:
      'Fix what kept the stream from continuing, then copy the rows again: ficus copy SLICE --restart. legacy.maxRetainedWal sets the bound.',
    retry: 'manual',
  },
  FICUS_CDC_PUBLICATION_GAP: {
    status: 409,
    exit: 3,
    title: 'The publication was changed outside Ficus, and changes were not sent',
    remedy: 'Copy the rows again: ficus copy SLICE --restart. Do not change the publication by hand.',
    retry: 'manual',
  },
  FICUS_CDC_SOURCE_UNSETTLED: {
    status: 409,
    exit: 3,
    title: 'Tables of the source change faster than a replication slot can be made',
    remedy:
      'The stream retries by itself. If that does not help, pause what creates, alters or truncates tables there.',
    retry: 'timed',
  },
  FICUS_CDC_SOURCE_UNDECODABLE: {
    status: 409,
    exit: 3,
    title: 'The source cannot decode the slot’s changes',
    remedy: 'If the error persists, copy the rows again with a new slot: ficus copy SLICE --restart.',
    retry: 'manual',
  },
  FICUS_CDC_INTERRUPTED: {
    status: 503,
    exit: 3,
    title: 'A database interrupted the stream',
    remedy:
      'The stream retries by itself. If it keeps happening, fix what the message names: a deadlock, a lock, a full disk, no free connections.',
    retry: 'timed',
  },
  FICUS_CDC_UNWATCHED: {
    status: 409,
    exit: 3,
    title: 'The checks of a database fail while the stream runs',
    remedy:
      'The stream continues, but altered tables and, on the source, a lost slot or publication may go unnoticed. Fix what the message names: a locked system catalog, a missing privilege, no free connections.',
    retry: 'manual',
  },
  FICUS_CDC_STATEMENT_REFUSED: {
    status: 409,
    exit: 3,
    title: 'A database refused a statement of the stream',
    remedy: 'Fix what the message names; the stream retries by itself and continues where it was.',
    retry: 'manual',
  },
  FICUS_CDC_READ_ONLY: {
    status: 409,
    exit: 3,
    title: 'The stream’s session may only read',
    remedy:
      'If the server is a standby, let the URL name its primary. Otherwise default_transaction_read_only is on, for the server, the database or the role, or a provider set it for a full disk: make room first; then ALTER ROLE … SET default_transaction_read_only = off for the stream’s role alone. The stream continues where it was.',
    retry: 'manual',
  },
  FICUS_CDC_APPLY_FAILED: {
    status: 409,
    exit: 3,
    title: 'A change cannot be applied to the target',
    remedy:
      'Fix the target so that the event shown can be applied; the stream continues from the same transaction.',
    retry: 'manual',
  },
  FICUS_CDC_ROW_REFUSED: {
    status: 409,
    exit: 3,
    title: 'The target refuses a row of the first copy',
    remedy:
      'Change what the message names: the column or constraint of the target, the mapping, or the row on the source. The copy then continues by itself from the same rows.',
    retry: 'manual',
  },
  FICUS_CDC_CONFLICT: {
    status: 409,
    exit: 3,
    title: 'A row of the target contradicts the change stream',
    remedy:
      'Another writer changes the target’s tables: find it, and revoke its privileges. Then make the shown row of the target what the source had before the event (delete the one that must not be there, restore the one that is missing); the stream continues by itself. If many rows differ, copy again: ficus copy SLICE --restart.',
    retry: 'manual',
  },
  FICUS_CDC_LEFT_OUT: {
    status: 409,
    exit: 3,
    title: 'A trigger or rule of the target leaves out rows that the stream writes',
    remedy:
      'Disable the named trigger or rule until cutover, or let it pass what the stream writes (ALTER TABLE … ENABLE TRIGGER … makes it fire for the service alone); the stream continues by itself. If the service may leave out such rows, set mayLeaveOut: true for the table in the config: ficus verify then shows them as differences.',
    retry: 'manual',
  },
  FICUS_CDC_HANDED_OVER: {
    status: 409,
    exit: 3,
    title: 'The candidate owns the slice’s rows, and a first copy would overwrite them',
    remedy:
      'Give the control plane the database that it had at the cutover (control.database, or its backup). A retired slice that was removed has no `tables` in ficus.yaml any more. If the legacy’s rows are to count again, their owner runs the SQL of the message, and the copy begins by itself.',
    retry: 'manual',
  },
  FICUS_CDC_TARGET_NOT_EMPTY: {
    status: 409,
    exit: 3,
    title: 'A target table has rows before its first copy',
    remedy:
      'Empty the table (TRUNCATE), unless the service needs these rows. One without a key has to be emptied, or to be given a primary key; the copy then begins by itself.',
    retry: 'manual',
  },
  FICUS_CDC_TARGET_REFERENCED: {
    status: 409,
    exit: 3,
    title: 'A table of the service refers to one that a new copy has to empty',
    remedy:
      'Run the printed SQL that drops the foreign key, begin the copy again, and add the key with the other statement once the copy is complete. The service’s own rows stay.',
    retry: 'manual',
  },
  FICUS_CDC_TARGET_BUSY: {
    status: 409,
    exit: 3,
    title: 'A table that a new copy has to empty is in use',
    remedy:
      'The stream continues where it was. Begin the copy again once the named transaction has ended. If it was forgotten, end it with the printed SQL.',
    retry: 'manual',
  },
  FICUS_CDC_MAPPING_CHANGED: {
    status: 409,
    exit: 3,
    title: 'The mapping was changed after the rows were copied',
    remedy:
      'Copy the rows again: ficus copy SLICE --restart. Or undo the change in ficus.yaml; the stream then continues where it was.',
    retry: 'manual',
  },
  FICUS_CDC_SCHEMA_CHANGED: {
    status: 409,
    exit: 3,
    title: 'A table was altered so that source and target would differ',
    remedy:
      'Do what the message says, on the target before the mapping; the stream continues by itself from the same transaction. Where the message says so, copy again: ficus copy SLICE --restart.',
    retry: 'manual',
  },
  FICUS_CDC_SOURCE_CHANGED: {
    status: 409,
    exit: 3,
    title: 'The source is another cluster, or was restored to another point in time',
    remedy: 'Copy the rows again: ficus copy SLICE --restart.',
    retry: 'manual',
  },
  FICUS_CDC_STATE_NEWER: {
    status: 409,
    exit: 3,
    title: 'The stream’s state on the target belongs to a newer Ficus',
    remedy:
      'Run the newer version. Going back to this one needs a new copy: `ficus remove SLICE` with the newer version first.',
    retry: 'manual',
  },
  FICUS_CDC_FENCED: {
    status: 409,
    exit: 3,
    title: 'Another process applies this stream, or the owner has changed',
    remedy: 'No action is needed: this process has stopped writing and stands by.',
    retry: 'timed',
  },
  FICUS_CDC_EPOCH_BEHIND: {
    status: 409,
    exit: 3,
    title: 'The target has seen a change of owner that this process has not',
    remedy:
      'If a newer control plane runs, end this one. Otherwise restore the newest backup of the control plane’s database and restart the control plane. Do not copy again before you know that the legacy owns the slice’s writes: --restart empties the candidate’s tables.',
    retry: 'never',
  },
} as const satisfies Record<string, ErrorEntry>;
