/** What a request uses of its worker. */
import type { SliceState } from '@ficus/core';
import type { Logger } from 'pino';
import type { FlagEvaluator } from '../flags/flag-evaluator.ts';
import type { Exchange } from '../forward/forward.ts';
import type { Passage } from '../hold/evaluate-passage.ts';
import type { SliceWrite, SliceWrites } from '../hold/slice-writes.ts';
import type { LogServed } from '../observe/access-log.ts';
import type { Spans } from '../observe/request-span.ts';
import type { PinTable } from '../pin/pin-table.ts';
import type { WritesElsewhere } from '../pin/writes-elsewhere.ts';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import type { LiveSnapshot } from './live-snapshot.ts';

export interface RequestHost {
  readonly snapshot: LiveSnapshot;
  readonly flags: FlagEvaluator;
  readonly pins: PinTable;
  readonly elsewhere: WritesElsewhere;
  readonly gate: Gate;
  /** What of each slice is under way, and in flight. */
  readonly writes: Pick<SliceWrites, 'leaves' | 'returns' | 'sends' | 'attemptEnds' | 'ends'>;
  readonly logger: Logger;
  /** A line of the access log. */
  readonly logServed: LogServed;
  /** True while new requests are refused because memory is short. */
  readonly shedding: boolean;
  /** Undefined unless tracing is configured. */
  readonly spans: Spans | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  stateOf(slice: string): SliceState;
  /** Whether a write of the slice may be sent now. */
  passage(slice: string): Passage;
  /** An exchange without an end of its own (tunnels, event streams), which is ended when the worker drains. */
  holdEndless(run: object, exchange: Exchange): void;
  dropEndless(run: object): void;
  /** An answer sets these sessions: nothing that is known of them counts any longer, in any worker. */
  forgetSessions(names: readonly string[]): void;
  /** A request that began with this snapshot is over. */
  finished(snapshot: LiveSnapshot): void;
}

/** A user whose reads of a slice go to the owner, because of their own write; or a session that a write may change. */
export interface Pin {
  readonly slice: string;
  readonly key: string;
  /** Traceparent of the write's span, for the stream's spans; undefined unless it is recorded. */
  readonly trace?: string | undefined;
}

export type LeaveGate = (refusal: ProblemAnswer | undefined) => void;

/** A write, as the gate knows it. */
export interface GatedWrite extends SliceWrite {
  /** Of its users and of sessions that it may change: taken in all workers before it leaves. */
  readonly allPins: readonly Pin[];
  /** Of its head, and what may be read of its body while it waits. */
  readonly bytes: number;
  /** Set by the gate alone, as is `heldSinceMs`. */
  turn: number;
  heldSinceMs: number | undefined;
  /** Its client has disconnected: `leave` is no longer called. */
  abandoned: boolean;
  /** Called with the reason when the write may not leave: it was sent nowhere. Otherwise it is decided now, not before. */
  leave(refusal: ProblemAnswer | undefined): void;
}

/** Where a write waits before it is decided. */
export interface Gate {
  /**
   * Pins the users of a write here and in all workers, waits while one of its slices may not be written, and lets it
   * leave: at once when there is nothing to wait for.
   */
  enter(write: GatedWrite): void;
  /** The same for a write that already has its pins and was not sent: it waits only while a slice may not be written. */
  enterAgain(write: GatedWrite): void;
  /** Whether an earlier write of its caller waits, which it may not overtake. */
  goesBehind(write: GatedWrite): boolean;
  /** Gives up the place of a write whose client has disconnected. */
  abandon(write: GatedWrite): void;
  /** A write that has left is over: those that waited for it may leave. */
  over(write: GatedWrite): void;
  /** Pins one more user of a write that has left; other workers are notified without waiting. */
  pin(pin: Pin): void;
  /** The write is over. @param afterMs how long it may still be executed upstream */
  unpin(pin: Pin, afterMs: number): void;
}
