/**
 * Who changed what, when, from what, to what, why, and the outcome. A change in the control database is recorded in its
 * own transaction. A change elsewhere is recorded before it begins, with the outcome `unknown`, and again when it has
 * ended: even after a crash in between, every change has its entry.
 */
import type { AuditEntryView } from '@ficus/contract';
import type { FicusError } from '@ficus/core';
import type { Store } from './open-store.ts';

type AuditOutcome = AuditEntryView['outcome'];

interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly slice: string | null;
  readonly was: unknown;
  readonly became: unknown;
  readonly reason: string;
  readonly outcome: AuditOutcome;
}

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'at' | 'outcome'>;

/**
 * Makes a change outside the control database. Returns the refusal when nothing was changed; throws when the change may
 * have been made, completely or in part.
 */
export type MakeChange = () => Promise<FicusError | undefined>;

/** Call it with the `query` of the change's own transaction. Returns the entry's id. */
export async function recordAudit(
  query: Store['query'],
  entry: NewAuditEntry,
  outcome: AuditOutcome = 'made',
): Promise<string> {
  const [row] = await query<{ id: string }>(
    `INSERT INTO audit (actor, action, slice, was, became, reason, outcome)
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
    [
      entry.actor,
      entry.action,
      entry.slice,
      JSON.stringify(entry.was ?? null),
      JSON.stringify(entry.became ?? null),
      entry.reason,
      outcome,
    ],
  );
  return row!.id;
}

/**
 * Commits the entry, makes the change outside the database's turn, and records its outcome.
 * @throws FicusError the change's refusal; FICUS_DATABASE_UNREACHABLE or FICUS_CONTROL_NOT_STORED when there is no entry and
 *   therefore no change
 */
export async function makeAudited(store: Store, entry: NewAuditEntry, make: MakeChange): Promise<void> {
  const id = await recordAudit(store.query.bind(store), entry, 'unknown');
  const refusal = await make();
  const outcome: AuditOutcome = refusal ? 'refused' : 'made';
  // The store itself logs a lost connection. The change stays as it is, and its entry says `unknown`.
  await store.query('UPDATE audit SET outcome = $2 WHERE id = $1', [id, outcome]).catch(() => undefined);
  if (refusal) throw refusal;
}

interface AuditQuery {
  readonly slice?: string | undefined;
  readonly limit: number;
  /** Only entries older than this one. */
  readonly before?: number | undefined;
}

/** Newest first. */
export async function readAudit(store: Store, wanted: AuditQuery): Promise<AuditEntry[]> {
  const rows = await store.query<Omit<AuditEntry, 'id' | 'at'> & { id: string; at: Date }>(
    `SELECT id, at, actor, action, slice, was, became, reason, outcome FROM audit
      WHERE ($1::text IS NULL OR slice = $1) AND ($2::bigint IS NULL OR id < $2)
      ORDER BY id DESC LIMIT $3`,
    [wanted.slice ?? null, wanted.before ?? null, wanted.limit],
  );
  return rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() }));
}
