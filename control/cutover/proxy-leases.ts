/**
 * The proxies' acknowledgements: which proxies there are, what each has reported of an attempt, and who waits for them.
 * Waiters are woken by a report, a proxy that comes or goes, or a lease that runs out; nothing polls.
 */
import { FicusError, type HoldReport, printable } from '@ficus/core';
import { evaluateLeases, type LeaseAnswer, type LeaseMember, type LeasePhase } from './evaluate-leases.ts';

/** A proxy that reported within the last minute. */
export interface ReportedProxy {
  readonly proxyId: string;
  readonly name: string | null;
  readonly workers: number;
  readonly epochs: Readonly<Record<string, number>>;
  readonly lastReportAt: string;
  /** Whence the report came. */
  readonly address: string;
  /** Of its token; undefined without tokens. */
  readonly owner: string | undefined;
}

export interface LeaseQuestion {
  readonly slice: string;
  /** Epoch of the attempt. */
  readonly epoch: number;
  readonly leaseMs: number;
}

interface Parts {
  readonly reported: () => readonly ReportedProxy[];
  /** Milliseconds; never goes back. */
  readonly now?: () => number;
  /** So long after its start, a control plane may not have heard of all proxies yet: their back-off, and a connection. */
  readonly settlesMs?: number;
}

/** A proxy connects again within two seconds, by proxy/link/event-stream.ts. */
export const SETTLES_MS = 3_000;
/** The server counts from its receipt, which is later than the proxy's own count; the rest is for clocks that run apart. */
const MARGIN_MS = 250;
/** Acknowledgements that are kept of each owner of a token: made-up proxies push out none of another's. */
const MOST_REPORTS = 1_000;

export interface Broken {
  readonly promise: Promise<never>;
  /** The attempt is over. */
  end(): void;
}

type TakenReport = HoldReport & { readonly receivedAt: number };

interface OpenStreams {
  /** One that reconnects may have two for a moment. */
  readonly open: number;
  readonly from: string;
}

interface Stranger {
  readonly address: string;
  readonly owner: string | undefined;
}

interface Waiter {
  check(): void;
}

export class ProxyLeases {
  readonly #parts: Required<Parts>;
  /** By id. */
  readonly #streams = new Map<string, OpenStreams>();
  /** Streams of proxies that do not tell who they are. */
  readonly #strangers = new Set<Stranger>();
  /** By owner; undefined without tokens. The proxy that was silent longest is first. */
  readonly #reports = new Map<string | undefined, Map<string, TakenReport>>();
  readonly #waiters = new Set<Waiter>();

  readonly #settlesAt: number;

  constructor(parts: Parts) {
    this.#parts = { now: () => performance.now(), settlesMs: 0, ...parts };
    this.#settlesAt = this.#parts.now() + this.#parts.settlesMs;
  }

  /**
   * A proxy's state stream is open. Returns a function for its end.
   * @param id undefined: it does not tell
   * @param owner of its token
   */
  connect(id: string | undefined, address: string, owner?: string): () => void {
    const stranger = { address, owner };
    if (id === undefined) this.#strangers.add(stranger);
    else this.#streams.set(id, { open: (this.#streams.get(id)?.open ?? 0) + 1, from: fromOf(stranger) });
    this.wake();
    return () => {
      if (id === undefined) this.#strangers.delete(stranger);
      else this.#disconnect(id);
      this.wake();
    };
  }

  /**
   * One that arrives late is ignored.
   * @param report with the id under which its stream is known
   * @param owner of its token
   */
  take(report: HoldReport, owner?: string): void {
    const reports = this.#reports.get(owner) ?? new Map<string, TakenReport>();
    this.#reports.set(owner, reports);
    const last = reports.get(report.proxyId);
    if (last && last.number >= report.number) return;
    reports.delete(report.proxyId);
    reports.set(report.proxyId, { ...report, receivedAt: this.#parts.now() });
    if (reports.size > MOST_REPORTS) reports.delete(reports.keys().next().value!);
    this.wake();
  }

  /** Something else about the proxies has changed: what they reported. */
  wake(): void {
    for (const waiter of this.#waiters) waiter.check();
  }

  /**
   * Resolves when every proxy has acknowledged.
   * @throws FicusError FICUS_CUTOVER_PROXY_NOT_READY, or FICUS_CUTOVER_ENDLESS in phase `free`, naming those that have not in
   * that time; FICUS_CUTOVER_HOLD_FULL
   */
  async wait(question: LeaseQuestion, phase: LeasePhase, timeoutMs: number): Promise<void> {
    const answer = () => {
      const members = this.members(question);
      const unheard = phase === 'leased' ? this.#unheard(members) : undefined;
      return unheard ?? this.#evaluate(members, phase, question);
    };
    let missing: readonly string[] = [];
    const ready = await this.#until(timeoutMs, () => {
      const { missing: still, full, nextAt } = answer();
      missing = still;
      if (full !== undefined) throw isFull(full);
      return { done: still.length === 0, nextAt };
    });
    if (ready) return;
    const code = phase === 'free' ? 'FICUS_CUTOVER_ENDLESS' : 'FICUS_CUTOVER_PROXY_NOT_READY';
    throw new FicusError(code, `After ${timeoutMs} ms: ${missing.join(' ')}`);
  }

  /** Rejects as soon as a proxy can hold no more. */
  broken(question: LeaseQuestion): Broken {
    let end: () => void = () => undefined;
    const promise = this.#until(
      undefined,
      () => {
        const { full } = this.#evaluate(this.members(question), 'drained', question);
        if (full !== undefined) throw isFull(full);
        return { done: false, nextAt: undefined };
      },
      (stop) => {
        end = stop;
      },
    ) as Promise<never>;
    promise.catch(() => undefined);
    return { promise, end };
  }

  /** Proxies that have not applied the slice's epoch in that time, by name. */
  async late({ slice, epoch }: LeaseQuestion, timeoutMs: number): Promise<readonly string[]> {
    const late = () =>
      this.#parts
        .reported()
        .filter(({ proxyId, epochs }) => this.#streams.has(proxyId) && (epochs[slice] ?? epoch) < epoch);
    await this.#until(timeoutMs, () => ({ done: late().length === 0, nextAt: undefined }));
    return late().map(nameOf);
  }

  /** Those that may send writes of the slice. */
  members({ slice, epoch }: LeaseQuestion): readonly LeaseMember[] {
    const reported = new Map(this.#parts.reported().map((proxy) => [proxy.proxyId, proxy]));
    const ids = new Set([...this.#streams.keys(), ...reported.keys()]);
    const known = [...ids].flatMap((id) => {
      const proxy = reported.get(id);
      const connected = this.#streams.has(id);
      return proxy && !maySend(proxy, slice, connected)
        ? []
        : [this.#member(id, proxy, connected, slice, epoch)];
    });
    const strangers = [...this.#strangers].map(({ address, owner }) => ({
      ...{ name: `A proxy at ${address}`, connected: true, known: false },
      ...{ from: owner && `token ${owner}`, silentMs: undefined, hold: undefined },
    }));
    return [...known, ...strangers];
  }

  #evaluate(members: readonly LeaseMember[], phase: LeasePhase, { leaseMs }: LeaseQuestion): LeaseAnswer {
    return evaluateLeases(members, phase, leaseMs + MARGIN_MS, this.#parts.now());
  }

  #member(
    id: string,
    proxy: ReportedProxy | undefined,
    connected: boolean,
    slice: string,
    epoch: number,
  ): LeaseMember {
    const report = this.#reportOf(id);
    const hold = report && Object.hasOwn(report.slices, slice) ? report.slices[slice] : undefined;
    return {
      name: proxy ? nameOf(proxy) : `Proxy ${printable(id)}`,
      from: this.#streams.get(id)?.from ?? (proxy && fromOf(proxy)),
      connected,
      known: true,
      silentMs: proxy && Date.now() - Date.parse(proxy.lastReportAt),
      hold: hold?.attempt === epoch ? { ...hold, receivedAt: report!.receivedAt } : undefined,
    };
  }

  /** Proxies that cannot reach the control plane send writes as before, and the fence would refuse them all. */
  #unheard(members: readonly LeaseMember[]): LeaseAnswer | undefined {
    const nothing = { full: undefined, nextAt: this.#settlesAt };
    if (this.#parts.now() < this.#settlesAt)
      return { ...nothing, missing: ['The control plane has just started: proxies may connect yet.'] };
    if (members.length > 0) return undefined;
    return { ...nothing, nextAt: undefined, missing: ['No proxy of the slice is connected.'] };
  }

  /** Owners are few. */
  #reportOf(id: string): TakenReport | undefined {
    for (const reports of this.#reports.values()) if (reports.has(id)) return reports.get(id);
    return undefined;
  }

  #disconnect(id: string): void {
    const stream = this.#streams.get(id);
    if (stream && stream.open > 1) this.#streams.set(id, { ...stream, open: stream.open - 1 });
    else this.#streams.delete(id);
  }

  /** False after the timeout; what `look` throws is thrown. @param onBegin is given what ends the wait, unsettled */
  #until(
    timeoutMs: number | undefined,
    look: () => { readonly done: boolean; readonly nextAt: number | undefined },
    onBegin: (stop: () => void) => void = () => undefined,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let next: NodeJS.Timeout | undefined;
      const end = (settle: () => void) => {
        this.#waiters.delete(waiter);
        clearTimeout(next);
        clearTimeout(timeout);
        settle();
      };
      const waiter = {
        check: () => {
          clearTimeout(next);
          try {
            const { done, nextAt } = look();
            if (done) return end(() => resolve(true));
            if (nextAt !== undefined)
              next = setTimeout(() => waiter.check(), Math.max(1, nextAt - this.#parts.now()));
          } catch (error) {
            end(() => reject(error));
          }
        },
      };
      const timeout =
        timeoutMs === undefined ? undefined : setTimeout(() => end(() => resolve(false)), timeoutMs);
      this.#waiters.add(waiter);
      onBegin(() => end(() => undefined));
      waiter.check();
    });
  }
}

/** One without workers has drained and ends; one that names its slices may not have this one. */
function maySend({ workers, epochs }: ReportedProxy, slice: string, connected: boolean): boolean {
  if (workers === 0 && !connected) return false;
  return Object.keys(epochs).length === 0 || Object.hasOwn(epochs, slice);
}

const nameOf = ({ name, proxyId }: ReportedProxy): string => `Proxy ${printable(name ?? proxyId)}`;

const fromOf = ({ address, owner }: Stranger): string =>
  owner === undefined ? `from ${address}` : `from ${address}, token ${owner}`;

const isFull = (name: string): FicusError =>
  new FicusError('FICUS_CUTOVER_HOLD_FULL', `${name} can hold no more writes.`);
