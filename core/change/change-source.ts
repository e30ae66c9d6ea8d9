/**
 * Where changes come from: the embedded engine (pgoutput) or Debezium's topics. Whole transactions, in commit order.
 * The embedded engine's own applier reads the same stream in a denser form (bytes and places in them) because objects
 * per row would cost more than everything else together; this is the form in which any other consumer gets it.
 */
import type { ChangeEvent } from './change-event.ts';

export interface ChangeTransaction {
  readonly events: readonly ChangeEvent[];
  /** Position to acknowledge and to resume after; opaque to the consumer, ordered as the transactions are. */
  readonly position: string;
}

export interface ChangeSource {
  /**
   * Transactions after the position, until the signal is aborted.
   * @throws FicusError when the source has forgotten the position
   */
  read(after: string | undefined, signal: AbortSignal): AsyncIterable<ChangeTransaction>;
  /** Everything up to the position is durable at the consumer: the source may forget it. */
  acknowledge(position: string): Promise<void>;
}
