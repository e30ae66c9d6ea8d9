/**
 * One write: the slices whose tables it writes, its own and others, and the pins that it holds there, from before it leaves
 * until it has been answered. Later reads may then not be older than the write. It holds the sessions in the same way that
 * it may change: who they belong to is not kept meanwhile. The gate and the count of writes in flight know it as theirs.
 */
import type { IncomingMessage } from 'node:http';
import { isSafe, type UpstreamConfig } from '@ficus/core';
import { clientOrigin } from '../accept/client-origin.ts';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { freshCallers } from '../identify/fresh-callers.ts';
import type { Identity } from '../identify/identity.ts';
import { boundedKey, ownText } from '../identify/own-text.ts';
import type { RequestName } from '../observe/request-name.ts';
import { isRecorded } from '../observe/trace-context.ts';
import { EVERYBODY, SESSIONS } from '../pin/pin-table.ts';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import type { LiveRoute } from '../snapshot/live-route.ts';
import type { GatedWrite, LeaveGate, Pin, RequestHost } from '../snapshot/request-host.ts';
import type { Outcome } from '../wire/outcome.ts';
import { heldBytes } from './held-bytes.ts';
import { mayContinueMs } from './may-continue.ts';

/** What a write needs of its request's state. */
interface WriteState {
  readonly host: RequestHost;
  readonly request: IncomingMessage;
  readonly head: InspectedHead;
  readonly name: RequestName;
  readonly identity: Identity;
  readonly route: LiveRoute | undefined;
  readonly endless: boolean;
}

export class WritePins implements GatedWrite {
  readonly slices: string[] = [];
  caller: string | undefined = undefined;
  turn = 0;
  heldSinceMs: number | undefined = undefined;
  abandoned = false;
  inFlight = false;
  isOver = false;
  sentAtMs = 0;

  readonly #state: WriteState;
  readonly #host: RequestHost;
  readonly #trace: string | undefined;
  readonly #held: Pin[] = [];
  #sessions: readonly Pin[] = [];
  #leave: LeaveGate = () => {};
  /** Of `slices`, when the write last left the gate. */
  #epochs: readonly number[] = [];
  /** How long the write may still be executed, by an attempt without a complete answer. */
  #continuesMs = 0;

  constructor(state: WriteState) {
    const { span } = state.name;
    this.#state = state;
    this.#host = state.host;
    this.#trace = span !== undefined && isRecorded(span.traceparent) ? span.traceparent : undefined;
  }

  /**
   * A slice whose tables are written.
   * @param pinKey of the caller there; undefined where the slice pins no caller
   * @param caller undefined for callers without a name
   */
  add(slice: string, pinKey: string | undefined, caller: string | undefined): void {
    this.slices.push(slice);
    const { uncertain } = this.#state.identity;
    // Of several names in several slices any will do: it orders one caller's writes.
    if (!uncertain) this.caller ??= caller;
    if (pinKey === undefined) return;
    // An unidentified writer may come back as any user.
    const key = uncertain ? EVERYBODY : this.#host.pins.keyFor(slice, ownText(pinKey));
    this.#held.push({ slice, key, trace: this.#trace });
  }

  /** @param names of the sessions that the write may change */
  holdSessions(names: readonly string[]): void {
    this.#sessions = names.map((key) => ({ slice: SESSIONS, key }));
  }

  /** All pins are taken before the write leaves: its answer may be read before the proxy is notified. */
  passGate(leave: LeaveGate): void {
    this.#leave = leave;
    this.#host.gate.enter(this);
  }

  /** For a write that was not sent. */
  passGateAgain(leave: LeaveGate): void {
    this.#leave = leave;
    this.#host.writes.returns(this);
    this.#host.gate.enterAgain(this);
  }

  get allPins(): readonly Pin[] {
    return this.#sessions.length === 0 ? this.#held : [...this.#held, ...this.#sessions];
  }

  get bytes(): number {
    return heldBytes(this.#state.request, this.#state.head);
  }

  get endless(): boolean {
    return this.#state.endless;
  }

  /** As its slice counts it; another slice knows none of its routes. */
  routeIn(slice: string): string {
    const { route } = this.#state;
    return route?.slice.name === slice ? route.config.id : 'writtenBy';
  }

  /** From the gate. */
  leave(refusal: ProblemAnswer | undefined): void {
    if (refusal === undefined) {
      this.#epochs = this.slices.map((slice) => this.#host.stateOf(slice).epoch);
      this.#host.writes.leaves(this);
    }
    this.#leave(refusal);
  }

  /** Its client has left. */
  abandon(): void {
    this.#host.gate.abandon(this);
  }

  /**
   * Whether the write may no longer be sent as it was decided: its owner is changing, or has changed, or the lease has run
   * out. It is decided again, unless it may have reached that owner: then it goes nowhere else.
   */
  get isOutdated(): boolean {
    const { slices } = this;
    for (let i = 0; i < slices.length; i += 1) {
      const slice = slices[i]!;
      if (this.#host.passage(slice) !== 'pass') return true;
      if (this.#host.stateOf(slice).epoch !== this.#epochs[i]) return true;
    }
    return false;
  }

  /** There is a connection: the write is sent in this turn if it returns true. */
  trySend(): boolean {
    if (this.isOutdated || this.#host.gate.goesBehind(this)) return false;
    this.#host.writes.sends(this);
    return true;
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

  /** Values of Set-Cookie for an answer that leaves now. One that a cache may keep gets none: others would be given it. */
  cookies(): string[] {
    if (isSafe(this.#state.request.method!)) return [];
    const { snapshot, elsewhere } = this.#host;
    const secure = clientOrigin(this.#state.head).scheme === 'https';
    return this.slices.flatMap((slice) => {
      const name = snapshot.slices.get(slice)?.wroteCookie;
      return name === undefined ? [] : elsewhere.cookieFor(name, secure);
    });
  }

  /** One attempt is over; others may follow. */
  noteOutcome(outcome: Outcome, timeouts: UpstreamConfig['timeouts']): void {
    const continuesMs = mayContinueMs(outcome, timeouts);
    this.#continuesMs = Math.max(this.#continuesMs, continuesMs);
    this.#host.writes.attemptEnds(this, continuesMs);
  }

  /** The write was answered, or failed. */
  end(): void {
    for (const pin of this.#held) this.#host.gate.unpin(pin, this.#continuesMs);
    this.#endSessions(this.#continuesMs);
    this.#host.writes.ends(this);
    this.#host.gate.over(this);
  }

  /** What the write did to its sessions is done, though its answer may be without an end (an event stream). */
  answerIsEndless(): void {
    this.#endSessions(0);
    this.#host.gate.over(this);
  }

  #endSessions(afterMs: number): void {
    for (const session of this.#sessions) this.#host.gate.unpin(session, afterMs);
    this.#sessions = [];
  }
}
