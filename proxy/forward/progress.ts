/**
 * How far one exchange has come: its phase, its times, and since when it waits. Kept by its exchange; deadlines and the
 * figures of the outcome follow from it.
 */
import type { UpstreamConfig } from '@ficus/core';
import { turnNow } from '../clock/turn-clock.ts';
import type { Outcome, OutcomeFacts, Phase } from '../wire/outcome.ts';

/** The parts of the outcome that are not in the progress. */
type Rest = Pick<
  OutcomeFacts,
  'responseStarted' | 'bodyTaken' | 'requestBodyBytes' | 'reused' | 'retriedStale'
>;

/** The detail of an outcome. */
export const TOO_MANY_STREAMS = 'as many event streams and upgrades are open as pool.streams allows';

export class Progress {
  phase: Phase;
  status = 0;
  /** Bytes of the request may have reached the upstream. */
  sent = false;
  responseBytes = 0;
  /** Bytes have moved since the last sweep. */
  moved = false;
  /** The response is endless (an event stream): silence does not mean failure. */
  unbounded = false;
  readonly #startedAt = turnNow();
  #connectedAt = 0;
  #firstByteAt = 0;
  /** Since when the exchange has waited in its phase; the sweep moves it while bytes flow. */
  #waitsSince = 0;

  constructor(phase: Phase) {
    this.phase = phase;
  }

  get answered(): boolean {
    return this.#firstByteAt !== 0;
  }

  /** There is a connection, and the request is about to be written. */
  connected(phase: Phase): void {
    this.phase = phase;
    this.sent = true;
    this.#connectedAt = turnNow();
    this.#waitsSince = this.#connectedAt;
  }

  /** Bytes of an answer, interim or final. */
  noteFirstByte(): void {
    if (this.#firstByteAt === 0) this.#firstByteAt = turnNow();
  }

  finalHead(status: number): void {
    this.noteFirstByte();
    this.phase = 'receive';
    this.status = status;
  }

  /**
   * Whether nothing has moved for longer than its phase allows. @param now of the sweep
   * @param clientMs the same for the client, if it is the one who is awaited
   */
  isSilent(
    now: number,
    { firstByteMs, idleMs }: UpstreamConfig['timeouts'],
    clientMs = Number.POSITIVE_INFINITY,
  ): boolean {
    if (this.moved) {
      this.moved = false;
      this.#waitsSince = now;
    }
    const limitMs = this.phase === 'first-byte' ? firstByteMs : Math.min(idleMs, clientMs);
    return !this.unbounded && now - this.#waitsSince > limitMs;
  }

  /** Whether the exchange exceeds its total time. */
  isOverdue(now: number, { totalMs }: UpstreamConfig['timeouts']): boolean {
    return totalMs !== undefined && now - this.#startedAt > totalMs;
  }

  /** Written out, not spread: every request has one. */
  outcome<Kind extends Outcome['kind']>(kind: Kind, rest: Rest): OutcomeFacts & { readonly kind: Kind } {
    const since = this.#startedAt;
    return {
      kind,
      status: this.status,
      mayHaveBeenSent: this.sent,
      responseStarted: rest.responseStarted,
      bodyTaken: rest.bodyTaken,
      requestBodyBytes: rest.requestBodyBytes,
      responseBodyBytes: this.responseBytes,
      connectMs: this.#connectedAt === 0 ? 0 : this.#connectedAt - since,
      firstByteMs: this.#firstByteAt === 0 ? 0 : this.#firstByteAt - since,
      totalMs: turnNow() - since,
      reused: rest.reused,
      retriedStale: rest.retriedStale,
    };
  }
}
