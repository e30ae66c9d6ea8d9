/** Observes what passes by: the first copy, between the marks of its chunks. */
import type { RelationBinding } from './relation-binding.ts';

export interface ChangeWatch {
  /** A transaction of the source came by, in commit order. */
  sawTransaction(xid: number): void;
  /** The low mark of a chunk came by. */
  open(chunk: string): void;
  /** Its high mark came by: what comes now is behind it, though the chunk may not be written yet. */
  shut(chunk: string): void;
  /** Whether a chunk of the table is between its marks. */
  isOpen(table: string): boolean;
  /** A row changed: `whole` and `updated` with its new tuple, `gone` with its old one. */
  touched(
    table: string,
    key: string | number,
    what: 'whole' | 'updated' | 'gone',
    bytes: Buffer,
    at: number,
    binding: RelationBinding,
  ): void;
  /** Everything read of the table is worthless (TRUNCATE). */
  invalidate(table: string): void;
}

/** No observer. */
export const NO_WATCH: ChangeWatch = {
  sawTransaction: () => undefined,
  open: () => undefined,
  shut: () => undefined,
  isOpen: () => false,
  touched: () => undefined,
  invalidate: () => undefined,
};
