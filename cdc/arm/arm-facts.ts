/**
 * What arm looks at in the two databases of a slice, as plain data: readArmFacts reads it, evaluateArm judges it. The old
 * owner is the side whose writers a fence will refuse; the new owner the one that will take them.
 */
import type { SideName } from '../sequences/sequence-plan.ts';
import type { ConstraintGap } from './compare-constraints.ts';

export interface ArmFacts {
  readonly slice: string;
  readonly oldOwner: SideFacts;
  readonly newOwner: SideFacts;
  /** Foreign keys of the old owner's tables outside the slice to those inside. */
  readonly inboundKeys: readonly InboundReference[];
  /** What the old owner's tables refuse and the new owner's do not: the stream back would stop there. */
  readonly gaps: readonly ConstraintGap[];
  /** Of the old owner's tables: from the change of owner on they do nothing. */
  readonly silentTriggers: readonly SilentTrigger[];
}

export interface SideFacts {
  readonly side: SideName;
  /** Config path of its database. */
  readonly path: string;
  readonly role: string;
  /** The role sees state and age of other roles' sessions (pg_read_all_stats). */
  readonly seesOthers: boolean;
  /** The slice's tables there: `schema.table`. */
  readonly tables: readonly string[];
  readonly transactions: readonly OpenTransaction[];
  readonly writers: readonly OutsideWriter[];
  readonly actingKeys: readonly ActingKey[];
  readonly subscriptions: readonly { readonly subscription: string; readonly table: string }[];
  readonly eventTriggers: readonly { readonly name: string; readonly event: string }[];
  readonly partitioned: readonly string[];
  /** Tables with rows of their own that the fence covers with the slice’s, as they share a tree with one: `schema.table`. */
  readonly alsoFenced: readonly string[];
  /** Publications that would send the stream’s state with all else, while there is none here yet. */
  readonly publishAll: readonly string[];
  /** Roles that read every table, as one that makes dumps does, and could not read those that Ficus makes. */
  readonly dumpers: readonly string[];
  readonly vacuums: readonly VacuumNeed[];
  readonly settings: ServerSettings;
}

/** One that is open, or prepared, for longer than ordinary ones. */
export interface OpenTransaction {
  readonly pid: number | null;
  /** Of a prepared transaction. */
  readonly gid: string | null;
  readonly role: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly seconds: number | null;
  /** Tables of the slice that it has written, or locked against writers. */
  readonly tables: readonly string[];
  /** It has written anywhere: a new replication slot waits for it. */
  readonly hasWritten: boolean;
  /** It runs in this database: sessions of others hold no lock here. */
  readonly here: boolean;
}

/** Found by dependencies, or by the text of functions: then it is a guess. */
export interface OutsideWriter {
  readonly kind: 'trigger' | 'rule' | 'function';
  readonly name: string;
  /** Of a trigger or rule: the table or view that it belongs to. */
  readonly on: string | null;
  /** The function in whose text the table is named. */
  readonly through: string | null;
  readonly table: string;
}

/** A foreign key of a slice's table to one outside, with an action: PostgreSQL writes the slice's table on its own. */
export interface ActingKey {
  readonly name: string;
  readonly table: string;
  /** Quoted for SQL. */
  readonly tableSql: string;
  readonly references: string;
  readonly onDelete: string | null;
  readonly onUpdate: string | null;
}

/** The stream, in the replica role, does not fire it. */
export interface SilentTrigger {
  readonly name: string;
  readonly table: string;
  /** Quoted for SQL. */
  readonly tableSql: string;
}

export interface InboundReference {
  readonly name: string;
  /** The table outside. */
  readonly table: string;
  readonly references: string;
  /** `cascade`, `no action`, … */
  readonly onDelete: string;
  /** PostgreSQL carries out the action for what the stream deletes, and checks that nothing refers to it. */
  readonly acts: boolean;
}

export interface VacuumNeed {
  readonly table: string;
  /** Transactions since its oldest row was frozen, and the number at which autovacuum does not give way any more. */
  readonly age: number;
  readonly bound: number;
  readonly running: boolean;
}

export interface ServerSettings {
  readonly maxPreparedTransactions: number;
  /** Commits wait for a standby, and none is there that would answer; false also where the role does not see them. */
  readonly lacksStandby: boolean;
  /** As SHOW prints them; undefined where the version has none. */
  readonly idleSlotTimeout: string | undefined;
  readonly maxSlotWalKeepSize: string;
  readonly walLevel: string;
  readonly maxReplicationSlots: number;
  readonly replicationSlots: number;
  readonly maxWalSenders: number;
  readonly walSenders: number;
  /** The stream from this side exists already: it needs no room. */
  readonly hasSlot: boolean;
}
