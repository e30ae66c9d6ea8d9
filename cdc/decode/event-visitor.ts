/** Turns what the decoder reads into change events in Debezium's envelope, transaction by transaction. */

import type { ChangeTransaction } from '@ficus/core';
import { type ChangeEvent, type ChangeOperation, type ChangeRow, formatLsn, UNAVAILABLE } from '@ficus/core';
import { type Answer, type ChangeVisitor, GO_ON, type Relation } from './change-visitor.ts';
import { decodeTuple } from './tuple.ts';

export class EventVisitor implements ChangeVisitor {
  /** What the places of the decoder point into. */
  bytes: Buffer = Buffer.alloc(0);
  private readonly relations = new Map<number, Relation>();
  private readonly database: string;
  private readonly onTransaction: (transaction: ChangeTransaction) => void;
  private readonly now: () => number;
  private events: ChangeEvent[] = [];
  private txId = 0;
  private lsn = 0n;
  private committedAtMs = 0;

  constructor(
    database: string,
    onTransaction: (transaction: ChangeTransaction) => void,
    now: () => number = Date.now,
  ) {
    this.database = database;
    this.onTransaction = onTransaction;
    this.now = now;
  }

  begin(commitLsn: bigint, committedAtMs: number, xid: number): Answer {
    this.events = [];
    this.txId = xid;
    this.lsn = commitLsn;
    this.committedAtMs = committedAtMs;
    return GO_ON;
  }

  commit(endLsn: bigint): Answer {
    this.onTransaction({ events: this.events, position: formatLsn(endLsn) });
    this.events = [];
    return GO_ON;
  }

  relation(relation: Relation): Answer {
    this.relations.set(relation.oid, relation);
    return GO_ON;
  }

  insert(oid: number, at: number): Answer {
    return this.add('c', this.relationOf(oid), null, this.row(oid, at));
  }

  update(oid: number, oldAt: number, at: number): Answer {
    return this.add('u', this.relationOf(oid), oldAt < 0 ? null : this.row(oid, oldAt), this.row(oid, at));
  }

  delete(oid: number, oldAt: number): Answer {
    return this.add('d', this.relationOf(oid), this.row(oid, oldAt), null);
  }

  truncate(oids: readonly number[]): Answer {
    for (const oid of oids) this.add('t', this.relationOf(oid), null, null);
    return GO_ON;
  }

  message(prefix: string, content: string, _transactional: boolean, lsn: bigint): Answer {
    this.events.push({ ...this.envelope('m', '', '', lsn), message: { prefix, content } });
    return GO_ON;
  }

  private add(
    op: ChangeOperation,
    relation: Relation,
    before: ChangeRow | null,
    after: ChangeRow | null,
  ): Answer {
    this.events.push({ ...this.envelope(op, relation.schema, relation.name, this.lsn), before, after });
    return GO_ON;
  }

  private envelope(op: ChangeOperation, schema: string, table: string, lsn: bigint): ChangeEvent {
    const { database: db, txId, committedAtMs } = this;
    return {
      op,
      before: null,
      after: null,
      source: { connector: 'postgresql', db, schema, table, txId, lsn, ts_ms: committedAtMs },
      ts_ms: this.now(),
    };
  }

  private row(oid: number, at: number): ChangeRow {
    const { columns } = this.relationOf(oid);
    const values = decodeTuple(this.bytes, at);
    return Object.fromEntries(
      columns.map((column, place) => [
        column.name,
        values[place] === undefined ? UNAVAILABLE : values[place],
      ]),
    );
  }

  private relationOf(oid: number): Relation {
    const relation = this.relations.get(oid);
    if (!relation) throw new Error(`a change of table ${oid} came before its description`);
    return relation;
  }
}
