/**
 * What the decoder reports to its reader, message by message. Tuples are positions in the buffer being read and stay
 * valid as long as the buffer. The return value says whether to continue.
 */

/** Continue, stop before this message so that it comes again, or stop after it. */
export const CONTINUE = 0;
export const STOP_BEFORE = 1;
export const STOP_AFTER = 2;
export type Answer = typeof CONTINUE | typeof STOP_BEFORE | typeof STOP_AFTER;

/** A table as the stream describes it, before its first change and after each change of its columns. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly identity: 'default' | 'nothing' | 'full' | 'index';
  readonly columns: readonly RelationColumn[];
}

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Part of the replica identity. */
  readonly identity: boolean;
}

export interface ChangeVisitor {
  begin(commitLsn: bigint, committedAtMs: number, xid: number): Answer;
  commit(endLsn: bigint, committedAtMs: number): Answer;
  relation(relation: Relation): Answer;
  insert(oid: number, at: number): Answer;
  /** `oldAt` is −1 unless the key changed or the identity is FULL. */
  update(oid: number, oldAt: number, at: number): Answer;
  delete(oid: number, oldAt: number): Answer;
  truncate(oids: readonly number[], cascade: boolean, restartIdentity: boolean): Answer;
  message(prefix: string, content: string, transactional: boolean, lsn: bigint): Answer;
}

/** Names and types of the columns, in order: two relations of equal shape are decoded alike. */
export function describeRelation(relation: Relation): string {
  const columns = relation.columns.map((column) => `${column.name} ${column.typeOid} ${column.typmod}`);
  return `${relation.schema}.${relation.name} (${columns.join(', ')})`;
}
