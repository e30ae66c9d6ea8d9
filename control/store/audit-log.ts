/** Who changed what, when, from what, to what, why. Written in the transaction of the change itself. */
import type { Store } from './open-store.ts';

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly slice: string | null;
  readonly was: unknown;
  readonly became: unknown;
  readonly reason: string;
}

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'at'>;

/** Called with the `query` of the change's own transaction. */
export async function recordAudit(query: Store['query'], entry: NewAuditEntry): Promise<void> {
  await query(
    'INSERT INTO audit (actor, action, slice, was, became, reason) VALUES ($1, $2, $3, $4, $5, $6)',
    [
      entry.actor,
      entry.action,
      entry.slice,
      JSON.stringify(entry.was ?? null),
      JSON.stringify(entry.became ?? null),
      entry.reason,
    ],
  );
}

export interface AuditQuery {
  readonly slice?: string | undefined;
  readonly limit: number;
  /** Only entries older than this one. */
  readonly before?: number | undefined;
}

/** Newest first. */
export async function readAudit(store: Store, wanted: AuditQuery): Promise<AuditEntry[]> {
  const rows = await store.query<Omit<AuditEntry, 'id' | 'at'> & { id: string; at: Date }>(
    `SELECT id, at, actor, action, slice, was, became, reason FROM audit
      WHERE ($1::text IS NULL OR slice = $1) AND ($2::bigint IS NULL OR id < $2)
      ORDER BY id DESC LIMIT $3`,
    [wanted.slice ?? null, wanted.before ?? null, wanted.limit],
  );
  return rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() }));
}
