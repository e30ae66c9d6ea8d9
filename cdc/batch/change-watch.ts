/** Watches the stream for the first copy, between the marks of its chunks. */
import type { RelationBinding } from './relation-binding.ts';

export interface ChangeWatch {
  /** A source transaction arrived, in commit order. */
  sawTransaction(xid: number): void;
  /** A chunk's low mark arrived. */
  open(chunk: string): void;
  /** Its high mark arrived: later changes come after it, though the chunk may not be written yet. */
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
  /** Everything read of the table is invalid (TRUNCATE). */
  invalidate(table: string): void;
}
