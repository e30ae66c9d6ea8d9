/** Changes of tables whose rows depend on one another, kept one by one in the order of the source. */
export const INSERT_ROW = 1;
export const UPDATE_ROW = 2;
export const DELETE_ROW = 3;

export interface OrderedChange {
  readonly operation: typeof INSERT_ROW | typeof UPDATE_ROW | typeof DELETE_ROW;
  readonly oid: number;
  /** Position of the old tuple, −1 when there is none. */
  readonly oldAt: number;
  /** Position of the new tuple, −1 for a delete. */
  readonly at: number;
}
