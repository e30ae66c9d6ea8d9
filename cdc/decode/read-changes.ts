/**
 * Decoder of pgoutput, protocol version 1 (PostgreSQL documentation, "Logical Replication Message Formats"), directly
 * on the connection's bytes. A change travels in a `d` frame, either as a `w` message of the replication protocol or as
 * a row of a binary COPY (catch-up). Reads whole frames only; the caller has found their end with scanFrames. Creates
 * no objects for rows.
 */
import {
  type Answer,
  type ChangeVisitor,
  CONTINUE,
  type Relation,
  type RelationColumn,
  STOP_BEFORE,
} from './change-visitor.ts';
import { readInt16, readInt32, skipTuple } from './tuple.ts';

/** Bytes of a `d` frame before the pgoutput message: type, length, 'w', start, end, time. */
const STREAMED = 30;
/** The same for a row of a COPY: type, length, number of fields, length of the field. */
const COPIED = 11;
/** The same for the first row, which shares its frame with the COPY's header of 19 bytes. */
const COPIED_FIRST = 30;

/** Where the pgoutput message of a `d` frame begins; 0 for a frame without one. */
export function messageAt(bytes: Uint8Array, at: number): number {
  switch (bytes[at + 5]) {
    case 0x77: // w
      return at + STREAMED;
    case 0x00: // a row's number of fields, one
      return at + COPIED;
    case 0x50: // PGCOPY…; the header may also come alone
      return readInt32(bytes, at + 1) > COPIED_FIRST ? at + COPIED_FIRST : 0;
    default: // k: keepalive; 0xff: end of the COPY
      return 0;
  }
}

const IDENTITIES: Readonly<Record<string, Relation['identity']>> = {
  d: 'default',
  n: 'nothing',
  f: 'full',
  i: 'index',
};

/** Microseconds between 1970 and 2000, where PostgreSQL's time begins. */
const EPOCH_OFFSET_MS = 946_684_800_000;

interface ReadResult {
  /** Where to continue. */
  readonly at: number;
  readonly answer: Answer;
}

/** Reads the frames in [from, to) until the visitor stops it. */
export function readChanges(bytes: Buffer, from: number, to: number, visitor: ChangeVisitor): ReadResult {
  let at = from;
  while (at < to) {
    const next = at + 1 + readInt32(bytes, at + 1);
    const message = bytes[at] === 0x64 ? messageAt(bytes, at) : 0;
    if (message > 0) {
      const answer = readMessage(bytes, message, visitor);
      if (answer !== CONTINUE) return { at: answer === STOP_BEFORE ? at : next, answer };
    }
    at = next;
  }
  return { at, answer: CONTINUE };
}

/** One pgoutput message at `at`. */
function readMessage(bytes: Buffer, at: number, visitor: ChangeVisitor): Answer {
  switch (bytes[at]) {
    case 0x49: // I: relation, 'N', tuple
      return visitor.insert(readInt32(bytes, at + 1) >>> 0, at + 6);
    case 0x55: {
      // U: relation, optionally 'K' or 'O' with the old tuple, 'N', tuple
      const oid = readInt32(bytes, at + 1) >>> 0;
      if (bytes[at + 5] === 0x4e) return visitor.update(oid, -1, at + 6);
      return visitor.update(oid, at + 6, skipTuple(bytes, at + 6) + 1);
    }
    case 0x44: // D: relation, 'K' or 'O', tuple
      return visitor.delete(readInt32(bytes, at + 1) >>> 0, at + 6);
    case 0x42: // B: commit LSN, time, xid
      return visitor.begin(
        bytes.readBigUInt64BE(at + 1),
        readTime(bytes, at + 9),
        readInt32(bytes, at + 17) >>> 0,
      );
    case 0x43: // C: flags, commit LSN, end LSN, time
      return visitor.commit(bytes.readBigUInt64BE(at + 10), readTime(bytes, at + 18));
    case 0x52:
      return visitor.relation(readRelation(bytes, at + 1));
    case 0x54:
      return readTruncate(bytes, at + 1, visitor);
    case 0x4d:
      return readLogicalMessage(bytes, at + 1, visitor);
    case 0x59: // Y: a type's name; values stay text
    case 0x4f: // O: origin
    case 0x41: // A: of a transaction that was rolled back; PostgreSQL 18 sends it though nothing came before
      return CONTINUE;
    default:
      throw new Error(`unknown pgoutput message ${String.fromCharCode(bytes[at] ?? 0)}`);
  }
}

function readTime(bytes: Buffer, at: number): number {
  return readInt32(bytes, at) * 4_294_967.296 + (readInt32(bytes, at + 4) >>> 0) / 1000 + EPOCH_OFFSET_MS;
}

function readRelation(bytes: Buffer, at: number): Relation {
  const oid = readInt32(bytes, at) >>> 0;
  const schema = readCString(bytes, at + 4);
  const name = readCString(bytes, schema.next);
  const identity = IDENTITIES[String.fromCharCode(bytes[name.next]!)] ?? 'default';
  const count = readInt16(bytes, name.next + 1);
  const columns: RelationColumn[] = [];
  let next = name.next + 3;
  for (let column = 0; column < count; column++) {
    const columnName = readCString(bytes, next + 1);
    columns.push({
      name: columnName.text,
      typeOid: readInt32(bytes, columnName.next) >>> 0,
      typmod: readInt32(bytes, columnName.next + 4),
      identity: (bytes[next]! & 1) === 1,
    });
    next = columnName.next + 8;
  }
  // In pgoutput, the empty schema means pg_catalog.
  return { oid, schema: schema.text || 'pg_catalog', name: name.text, identity, columns };
}

function readTruncate(bytes: Buffer, at: number, visitor: ChangeVisitor): Answer {
  const count = readInt32(bytes, at);
  const options = bytes[at + 4]!;
  const oids = Array.from({ length: count }, (_, index) => readInt32(bytes, at + 5 + index * 4) >>> 0);
  return visitor.truncate(oids, (options & 1) !== 0, (options & 2) !== 0);
}

function readLogicalMessage(bytes: Buffer, at: number, visitor: ChangeVisitor): Answer {
  const prefix = readCString(bytes, at + 9);
  const length = readInt32(bytes, prefix.next);
  const content = bytes.utf8Slice(prefix.next + 4, prefix.next + 4 + length);
  return visitor.message(prefix.text, content, (bytes[at]! & 1) === 1, bytes.readBigUInt64BE(at + 1));
}

function readCString(bytes: Buffer, at: number): { text: string; next: number } {
  const end = bytes.indexOf(0, at);
  return { text: bytes.utf8Slice(at, end), next: end + 1 };
}
