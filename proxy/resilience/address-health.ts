/**
 * Health of the addresses of one upstream, and which of them are ejected. No timer: the clock is read when something is
 * reported or asked. Not used for an upstream with one address.
 *
 *     in ──evaluateOutlier──▶ out ──its time passed, a request asks──▶ probing (that one request)
 *      ▲                       ▲                                          │
 *      └─────── answered ──────┼──── failed: out for twice as long ───────┘
 */
import { type AddressFailure, AddressRecord, type RecordListener } from './address-record.ts';
import {
  ejectionMs,
  evaluateOutlier,
  type OutlierOptions,
  type OutlierVerdict,
  type Tally,
} from './evaluate-outlier.ts';

interface AddressHealthOptions extends OutlierOptions {
  /** A probe without a result for this long is lost. */
  readonly probeMs: number;
}

export type AddressChange =
  | {
      readonly kind: 'ejected';
      readonly address: string;
      readonly reason: AddressFailure | 'failure-rate' | 'probe-failed';
      readonly forMs: number;
    }
  | { readonly kind: 'returned'; readonly address: string };

export class AddressHealth implements RecordListener {
  readonly #options: AddressHealthOptions;
  readonly #onChange: (change: AddressChange) => void;
  readonly #now: () => number;
  readonly #records = new Map<string, AddressRecord>();
  #avoided: ReadonlySet<string> = new Set();
  /** When the next address that is out may be probed; Infinity while all are in. */
  probeAt = Number.POSITIVE_INFINITY;

  /** @param now milliseconds, of any origin */
  constructor(options: AddressHealthOptions, onChange: (change: AddressChange) => void, now: () => number) {
    this.#options = options;
    this.#onChange = onChange;
    this.#now = now;
  }

  /** Healthy addresses in the given order, then the others: better an unhealthy address than no answer at all. */
  arrange(addresses: readonly string[]): readonly string[] {
    this.#keepOnly(addresses);
    if (this.probeAt === Number.POSITIVE_INFINITY && this.#avoided.size === 0) return addresses;
    const isIn = (address: string): boolean => this.#records.get(address)!.isIn;
    return [...addresses.filter(isIn), ...addresses.filter((address) => !isIn(address))];
  }

  /** The record that connections to the address report to; undefined for one without siblings. */
  of(address: string): AddressRecord | undefined {
    return this.#records.size > 1 ? this.#records.get(address) : undefined;
  }

  /**
   * From the health checks: addresses that requests do not choose, in place of those named before. Returns those that
   * were not avoided until now. What requests have shown stays as it is.
   */
  avoid(addresses: readonly string[]): readonly string[] {
    const before = this.#avoided;
    this.#avoided = new Set(addresses);
    for (const record of this.#records.values()) record.isAvoided = this.#avoided.has(record.address);
    this.#noteProbes();
    return addresses.filter((address) => !before.has(address));
  }

  /**
   * An address for this request to probe.
   * @param safe whether it may be sent twice; others probe only when no such request has come for `ejectMs`
   */
  takeProbe(safe: boolean): string | undefined {
    const now = this.#now();
    const dueAt = safe ? now : now - this.#options.ejectMs;
    for (const [address, record] of this.#records) {
      if (record.state.kind === 'in' || record.isAvoided || record.state.until > dueAt) continue;
      // A new record: earlier requests say nothing about the address as it is now.
      const probing = new AddressRecord(address, this, now);
      probing.times = record.times;
      probing.state = { kind: 'probing', until: now + this.#options.probeMs };
      this.#records.set(address, probing);
      this.#noteProbes();
      return address;
    }
    return undefined;
  }

  /** Addresses that are ejected or avoided now. */
  get out(): number {
    let out = 0;
    for (const { isIn } of this.#records.values()) if (!isIn) out += 1;
    return out;
  }

  /** From a record: something failed. */
  judge(record: AddressRecord, failure: AddressFailure | 'status'): void {
    if (this.#records.get(record.address) !== record) return;
    const now = this.#now();
    if (record.state.kind === 'probing') {
      this.#eject(record, 'probe-failed', now);
      return;
    }
    if (record.state.kind === 'out') return;
    const others = [...this.#records.values()].filter((other) => other !== record);
    const verdict: OutlierVerdict = evaluateOutlier(
      {
        failuresInARow: record.inARow,
        answeredBadly: failure === 'gateway-status' || failure === 'status',
        hasHealthySibling: this.hasHealthySibling(record),
        own: record.tally(now),
        siblings: sum(others.filter(({ isIn }) => isIn).map((other) => other.tally(now))),
        addresses: this.#records.size,
        out: others.filter(({ isIn }) => !isIn).length,
      },
      this.#options,
    );
    if (verdict === 'failure-rate') this.#eject(record, verdict, now);
    else if (verdict === 'failures-in-a-row' && failure !== 'status') this.#eject(record, failure, now);
  }

  /** From a record: its probe was answered. */
  readmit(record: AddressRecord): void {
    record.reinstate(this.#now());
    this.#noteProbes();
    this.#onChange({ kind: 'returned', address: record.address });
  }

  /** From a record: its probe was abandoned by a client that disconnected. The next request may probe. */
  giveUpProbe(record: AddressRecord): void {
    record.state = { kind: 'out', until: this.#now() };
    this.#noteProbes();
  }

  now(): number {
    return this.#now();
  }

  /** Whether another address has not failed recently. */
  hasHealthySibling(record: AddressRecord): boolean {
    for (const other of this.#records.values()) {
      if (other !== record && other.isIn && other.inARow === 0) return true;
    }
    return false;
  }

  #eject(record: AddressRecord, reason: AddressFailure | 'failure-rate' | 'probe-failed', now: number): void {
    if (record.state.kind === 'in') {
      // Each healthy period as long as the shortest ejection cancels one ejection.
      const forgiven = Math.floor((now - record.state.since) / this.#options.ejectMs);
      record.times = Math.max(0, record.times - forgiven);
    }
    record.times += 1;
    const forMs = ejectionMs(record.times, this.#options);
    record.state = { kind: 'out', until: now + forMs };
    this.#noteProbes();
    this.#onChange({ kind: 'ejected', address: record.address, reason, forMs });
  }

  #noteProbes(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { state, isAvoided } of this.#records.values()) {
      if (state.kind !== 'in' && !isAvoided && state.until < next) next = state.until;
    }
    this.probeAt = next;
  }

  /** Forgets addresses that the name no longer has, and their ejections. */
  #keepOnly(addresses: readonly string[]): void {
    for (const address of addresses) {
      if (!this.#records.has(address)) {
        const record = new AddressRecord(address, this, this.#now());
        record.isAvoided = this.#avoided.has(address);
        this.#records.set(address, record);
      }
    }
    if (this.#records.size === addresses.length) return;
    for (const address of this.#records.keys())
      if (!addresses.includes(address)) this.#records.delete(address);
    // More may now be out than allowed: the one that has been out longest returns without a probe.
    const out = [...this.#records.values()].filter(({ isEjected }) => isEjected);
    if (out.length > 0 && out.length === this.#records.size) this.readmit(out[0]!);
    this.#noteProbes();
  }
}

function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (all, { requests, failures }) => ({
      requests: all.requests + requests,
      failures: all.failures + failures,
    }),
    { requests: 0, failures: 0 },
  );
}
