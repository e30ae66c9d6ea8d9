/**
 * The content of one target transaction, or of a part of a large one: the bytes as they arrived, and the resulting
 * changes per table. BatchBuilder fills it, the applier consumes it.
 */
import type { NetChanges } from './net-changes.ts';
import type { OrderedChange } from './ordered-changes.ts';
import type { RelationBinding } from './relation-binding.ts';

interface TableChanges {
  readonly binding: RelationBinding;
  readonly net: NetChanges;
}

/** Why a batch ends where it does: an event that is processed alone, after everything before it. */
export type Cut =
  | {
      readonly kind: 'truncate';
      readonly bindings: readonly RelationBinding[];
      readonly restartIdentity: boolean;
    }
  /** A row changes its key, and only the target knows all of its values. */
  | {
      readonly kind: 'move';
      readonly binding: RelationBinding;
      readonly oldAt: number;
      readonly at: number;
    }
  /** The stream has passed the high mark of a chunk of the first copy. */
  | { readonly kind: 'high-mark'; readonly chunk: string; readonly snapshot: string }
  /** A change of a table (`schema.table` of the source) that is being copied whole has to wait for the copy. */
  | { readonly kind: 'whole-copy'; readonly table: string }
  /** Applying is paused before the transaction with this commit position. */
  | { readonly kind: 'pause'; readonly commitLsn: bigint };

export interface Heartbeat {
  readonly emitter: string;
  readonly emittedAtMs: number;
}

export class Batch {
  /**
   * The bytes that all positions refer to. Set when the batch is closed; until then it is the intake's growing buffer.
   */
  bytes: Buffer;
  readonly net = new Map<number, TableChanges>();
  readonly ordered: OrderedChange[] = [];
  /** Bindings of `ordered`, by oid. */
  readonly orderedBindings = new Map<number, RelationBinding>();
  /** Changes recorded, of all tables. */
  changes = 0;
  transactions = 0;
  /** Commit LSN of the first whole transaction; 0 when the batch has none. */
  firstLsn = 0n;
  /** End LSN of the last whole transaction; 0 when the batch has none. */
  endLsn = 0n;
  /** When the source committed the last whole transaction. */
  committedAtMs = 0;
  /** False: a large transaction continues in the next batch, and nothing may be committed yet. */
  complete = true;
  heartbeat: Heartbeat | undefined;
  cut: Cut | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Nothing to write: only the position advances. */
  get isIdle(): boolean {
    return this.changes === 0 && this.heartbeat === undefined && this.cut === undefined && this.complete;
  }
}
