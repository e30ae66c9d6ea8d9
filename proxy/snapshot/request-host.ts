/** What a request finds around it in its worker. */
import type { SliceState } from '@ficus/core';
import type { Logger } from 'pino';
import type { FlagEvaluator } from '../flags/flag-evaluator.ts';
import type { Exchange } from '../forward/forward.ts';
import type { Spans } from '../observe/spans.ts';
import type { PinTable } from '../pin/pin-table.ts';
import type { LiveSnapshot } from './live-snapshot.ts';

export interface RequestHost {
  readonly snapshot: LiveSnapshot;
  readonly flags: FlagEvaluator;
  readonly pins: PinTable;
  readonly logger: Logger;
  /** True while new requests are refused for want of memory. */
  readonly shedding: boolean;
  /** Undefined unless tracing is configured. */
  readonly spans: Spans | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  stateOf(slice: string): SliceState;
  /** Pins the user here and in all workers, then goes on: at once where there is no other worker. */
  beginWrite(slice: string, key: string, goOn: () => void): void;
  /** @param afterMs 0 for a write that is over */
  endWrite(slice: string, key: string, afterMs: number): void;
  /** An exchange that has no end of its own (tunnels, event streams): it is ended when the worker drains. */
  holdEndless(run: object, exchange: Exchange): void;
  dropEndless(run: object): void;
  /** A request that began with this snapshot is over. */
  finished(snapshot: LiveSnapshot): void;
}
