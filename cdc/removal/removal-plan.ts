/** What `ficus remove` does in one database: the SQL it shows is the SQL it runs. */

export interface RemovalStep {
  /** With `what` it says for people what is done, or would be: `drop` slot “ficus_orders_1f…”. */
  readonly verb: 'drop' | 'remove' | 'forget';
  readonly what: string;
  /** Complete: can be run as it is, more than once. */
  readonly sql: string;
  /** When it fails, the slice may be in use: nothing after it is done for that slice, in this database or another. */
  readonly first?: true;
}

export type StepResult =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'failed'; readonly problem: string }
  /** Not tried, because something before it is left. */
  | { readonly outcome: 'kept' };

/** Something that stays: because only an administrator may remove it, or because it is not only Ficus's. */
export interface Remnant {
  readonly what: string;
  /** How it is removed, where it should be. */
  readonly sql?: string;
  /** Without it the removal is not complete. */
  readonly missing?: boolean;
}

export interface RemovalPlan {
  readonly steps: readonly RemovalStep[];
  readonly remnants: readonly Remnant[];
  /** Why nothing may be removed yet, in a sentence. */
  readonly inUse?: string | undefined;
}

/** A database's part: its plan, or why it cannot be asked. */
export type DatabasePart =
  | { readonly kind: 'planned'; readonly plan: RemovalPlan }
  | { readonly kind: 'unreachable'; readonly problem: string };
