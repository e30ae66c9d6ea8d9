/**
 * One address among several: its state and recent failures. Connections to it report here; its listener (AddressHealth)
 * decides what follows.
 */
import type { Tally } from './evaluate-outlier.ts';

/**
 * Failures as the proxy sees them. A stale pooled connection is not one, nor is a client that disconnects.
 */
export type AddressFailure = 'refused' | 'timed-out' | 'reset' | 'invalid' | 'gateway-status';

type AddressState =
  /** `since` is when it came (back) in. */
  | { readonly kind: 'in'; readonly since: number }
  | { readonly kind: 'out'; readonly until: number }
  /** One request is probing it; without a result by `until`, another may. */
  | { readonly kind: 'probing'; readonly until: number };

/** Shares cover the last one to two of these. */
const WINDOW_MS = 10_000;
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/** Decides what follows from a record: it sees the record's siblings too. */
export interface RecordListener {
  /** Something failed. */
  judge(record: AddressRecord, failure: AddressFailure | 'status'): void;
  /** Its probe was answered. */
  readmit(record: AddressRecord): void;
  /** Its probe was abandoned by a client that disconnected. */
  giveUpProbe(record: AddressRecord): void;
  /** Whether another address has not failed recently. */
  hasHealthySibling(record: AddressRecord): boolean;
  /** Milliseconds, of any origin. */
  now(): number;
}

/** One address; its connections report here. */
export class AddressRecord {
  readonly address: string;
  readonly #listener: RecordListener;
  state: AddressState;
  /** It fails its health checks. */
  isAvoided = false;
  inARow = 0;
  /** Ejections in a row. */
  times = 0;
  #windowAt: number;
  #requests = 0;
  #failures = 0;
  #requestsBefore = 0;
  #failuresBefore = 0;

  constructor(address: string, listener: RecordListener, now: number) {
    this.address = address;
    this.#listener = listener;
    this.state = { kind: 'in', since: now };
    this.#windowAt = now;
  }

  /** Whether requests may choose it. */
  get isIn(): boolean {
    return this.state.kind === 'in' && !this.isAvoided;
  }

  get isEjected(): boolean {
    return this.state.kind !== 'in';
  }

  /** A complete answer arrived. Returns whether the connection is worth keeping. */
  answered(status: number): boolean {
    this.#count(status >= 500);
    if (GATEWAY_STATUSES.has(status)) {
      this.#failed('gateway-status');
      // Reused first, it would fail the next request too, while others would not.
      return this.isIn && !this.#listener.hasHealthySibling(this);
    }
    this.inARow = 0;
    if (status >= 500) this.#listener.judge(this, 'status');
    else if (this.state.kind === 'probing') this.#listener.readmit(this);
    return this.isIn;
  }

  /** No answer arrived, or only part of one. */
  failed(failure: AddressFailure): void {
    this.#count(true);
    this.#failed(failure);
  }

  /** The exchange was abandoned on our side: only a bad status counts. @param status 0 for none */
  abandoned(status: number): void {
    if (status >= 500) this.answered(status);
    else if (this.state.kind === 'probing') this.#listener.giveUpProbe(this);
  }

  tally(now: number): Tally {
    this.#turn(now);
    return {
      requests: this.#requests + this.#requestsBefore,
      failures: this.#failures + this.#failuresBefore,
    };
  }

  /** Starts over. */
  reinstate(now: number): void {
    this.state = { kind: 'in', since: now };
    this.inARow = 0;
    this.#requests = 0;
    this.#failures = 0;
    this.#requestsBefore = 0;
    this.#failuresBefore = 0;
    this.#windowAt = now;
  }

  #failed(failure: AddressFailure): void {
    this.inARow += 1;
    this.#listener.judge(this, failure);
  }

  #count(failed: boolean): void {
    this.#turn(this.#listener.now());
    this.#requests += 1;
    if (failed) this.#failures += 1;
  }

  #turn(now: number): void {
    const age = now - this.#windowAt;
    if (age < WINDOW_MS) return;
    const stillCounts = age < 2 * WINDOW_MS;
    this.#requestsBefore = stillCounts ? this.#requests : 0;
    this.#failuresBefore = stillCounts ? this.#failures : 0;
    this.#requests = 0;
    this.#failures = 0;
    this.#windowAt = now;
  }
}
