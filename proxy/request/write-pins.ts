/**
 * The pins that a write holds, from before it leaves until it has been answered: in its own slice, and in other slices
 * whose tables it writes. Later reads may then not be older than the write. It holds the sessions in the same way that it
 * may change: who they belong to is not kept meanwhile.
 */
import type { SliceState, UpstreamConfig } from '@ficus/core';
import { freshCallers } from '../identify/fresh-callers.ts';
import type { Identity } from '../identify/identity.ts';
import { boundedKey, ownText } from '../identify/own-text.ts';
import type { RequestSpan } from '../observe/request-span.ts';
import { isRecorded } from '../observe/trace-context.ts';
import { EVERYBODY, SESSIONS } from '../pin/pin-table.ts';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import type { LeaveGate, Pin, RequestHost } from '../snapshot/request-host.ts';
import type { Outcome } from '../wire/outcome.ts';
import { mayContinueMs } from './may-continue.ts';
import { isOutdated } from './next-step.ts';

export class WritePins {
  readonly #host: RequestHost;
  readonly #identity: Identity;
  readonly #trace: string | undefined;
  readonly #held: Pin[] = [];
  #sessions: readonly Pin[] = [];
  /** Of the pinned slices, in the order of the pins, when the write last passed the gate. */
  #decidedUnder: readonly SliceState[] = [];
  /** How long the write may still be executed, by an attempt without a complete answer. */
  #continuesMs = 0;

  /** @param span of the write */
  constructor(host: RequestHost, identity: Identity, span: RequestSpan | undefined) {
    this.#host = host;
    this.#identity = identity;
    this.#trace = span !== undefined && isRecorded(span.traceparent) ? span.traceparent : undefined;
  }

  /** @param pinKey of the caller in this slice; undefined where the slice pins no caller */
  add(slice: string, pinKey: string | undefined): void {
    if (pinKey === undefined) return;
    // An unidentified writer may come back as any user.
    const key = this.#identity.uncertain ? EVERYBODY : this.#host.pins.keyFor(slice, ownText(pinKey));
    this.#held.push({ slice, key, trace: this.#trace });
  }

  /** @param names of the sessions that the write may change */
  holdSessions(names: readonly string[]): void {
    this.#sessions = names.map((key) => ({ slice: SESSIONS, key }));
  }

  /** All pins are taken before the write leaves: its answer may be read before the proxy is notified. */
  passGate(leave: LeaveGate): () => void {
    return this.#host.gate.enter([...this.#held, ...this.#sessions], (refusal) =>
      this.#leave(refusal, leave),
    );
  }

  /** For a write that `isOutdated`, and was not sent. */
  passGateAgain(leave: LeaveGate): () => void {
    return this.#host.gate.enterAgain(this.#held, (refusal) => this.#leave(refusal, leave));
  }

  #leave(refusal: ProblemAnswer | undefined, leave: LeaveGate): void {
    this.#decidedUnder = this.#held.map(({ slice }) => this.#host.stateOf(slice));
    leave(refusal);
  }

  /** Whether the write may no longer be sent as it was decided. */
  get isOutdated(): boolean {
    return this.#decidedUnder.some((state, at) =>
      isOutdated(state, this.#host.stateOf(this.#held[at]!.slice)),
    );
  }

  /** Whether it pins its user in no slice. */
  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /**
   * Also pins the caller under the session that the answer sets. Other workers learn of it while the answer is on its
   * way to the client: it cannot wait for them.
   * @param fields of the answer, flat
   */
  noteAnswer(fields: readonly string[]): void {
    const slices = new Set(this.#held.map(({ slice }) => slice));
    for (const caller of freshCallers(this.#host.snapshot.config.proxy.identify, fields)) {
      for (const slice of slices) {
        const key = this.#host.pins.keyFor(slice, ownText(boundedKey(caller)));
        // Many servers set the same session again with each answer.
        if (this.#held.some((pin) => pin.slice === slice && pin.key === key)) continue;
        this.#held.push({ slice, key });
        this.#host.gate.pin({ slice, key });
      }
    }
  }

  /** One attempt is over; others may follow. */
  noteOutcome(outcome: Outcome, timeouts: UpstreamConfig['timeouts']): void {
    this.#continuesMs = Math.max(this.#continuesMs, mayContinueMs(outcome, timeouts));
  }

  /** The write was answered, or failed. */
  end(): void {
    for (const pin of this.#held) this.#host.gate.unpin(pin, this.#continuesMs);
    this.#endSessions(this.#continuesMs);
  }

  /** What the write did to its sessions is done, though its answer may be without an end (an event stream). */
  answerIsEndless(): void {
    this.#endSessions(0);
  }

  #endSessions(afterMs: number): void {
    for (const session of this.#sessions) this.#host.gate.unpin(session, afterMs);
    this.#sessions = [];
  }
}
