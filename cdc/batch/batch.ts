/**
 * What one target transaction, or a part of a large one, is made of: the bytes as they came, and what they amount to
 * per table. Filled by BatchBuilder, used up by the applier.
 */
import type { NetChanges } from './net-changes.ts';
import type { OrderedChange } from './ordered-changes.ts';
import type { RelationBinding } from './relation-binding.ts';

export interface TableChanges {
  readonly binding: RelationBinding;
  readonly net: NetChanges;
}

/** Why a batch ends where it does: something that happens alone, after everything before it. */
export type Cut =
  | {
      readonly kind: 'truncate';
      readonly bindings: readonly RelationBinding[];
      readonly restartIdentity: boolean;
    }
  /** A row changes its key, and the target alone knows all of it. */
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
  /** Applying is paused before the transaction whose commit lies there. */
  | { readonly kind: 'pause'; readonly commitLsn: bigint };

export interface Heartbeat {
  readonly emitter: string;
  readonly emittedAtMs: number;
}

export class Batch {
  /** What all places point into. Set when the batch is closed; until then it is the intake's growing buffer. */
  bytes: Buffer;
  readonly net = new Map<number, TableChanges>();
  readonly ordered: OrderedChange[] = [];
  /** Bindings of `ordered`, by oid. */
  readonly orderedBindings = new Map<number, RelationBinding>();
  /** Changes noted, of all tables. */
  changes = 0;
  transactions = 0;
  /** End LSN of the last whole transaction; 0 when the batch holds none. */
  endLsn = 0n;
  /** When the last whole transaction was committed at the source. */
  committedAtMs = 0;
  /** False: a large transaction continues in the next batch, and nothing may be committed yet. */
  complete = true;
  heartbeat: Heartbeat | undefined;
  cut: Cut | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Nothing to write: the stream merely got further. */
  get isIdle(): boolean {
    return this.changes === 0 && this.heartbeat === undefined && this.cut === undefined && this.complete;
  }
}
