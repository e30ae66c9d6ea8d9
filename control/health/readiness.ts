/**
 * Whether the control plane works, judged by progress: the database takes writes, streams apply what they read, a first
 * copy grows. A stream without progress makes it not ready, however many sockets are open, and so do a slot of ours that
 * no slice uses, and an attempt that the config does not let end. Proxies do not ask for it.
 */

import { refusalText } from '@ficus/core';
import type { Coordinator } from '../cutover/coordinator.ts';
import { STALLED_MS } from '../replications/evaluate-health.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { SourceWatch } from '../replications/source-watch.ts';
import type { Store } from '../store/open-store.ts';

interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

interface Check {
  /** `ok`, or an error's code, or one word: without a name or a value. */
  readonly code: string;
  readonly message: string;
}

const OK: Check = { code: 'ok', message: 'ok' };
/** A probe from outside must not make a query for each of its requests. */
const KEPT_MS = 1000;

interface CopySeen {
  readonly rows: number;
  readonly at: number;
}

const COPY_STALLED_MS = 60_000;

export class ReadinessProbe {
  readonly #store: Store;
  readonly #replications: ReplicationSet;
  readonly #sourceWatch: SourceWatch;
  readonly #coordinator: Pick<Coordinator, 'stranded'>;
  readonly #copies = new Map<string, CopySeen>();
  #asked: { readonly at: number; running: boolean; readonly answer: Promise<Check> } | undefined;

  constructor(
    store: Store,
    replications: ReplicationSet,
    sourceWatch: SourceWatch,
    coordinator: Pick<Coordinator, 'stranded'>,
  ) {
    this.#store = store;
    this.#replications = replications;
    this.#sourceWatch = sourceWatch;
    this.#coordinator = coordinator;
  }

  /** @param mayRead whether the caller may see messages, which can name hosts, tables and rows */
  async check(now: number, mayRead: boolean): Promise<Readiness> {
    const checks: Record<string, Check> = { database: await this.#sharedDatabase(now) };
    for (const slice of this.#replications.slices) checks[`stream ${slice}`] = this.#stream(slice, now);
    for (const { slice, slot, message, remedy } of this.#sourceWatch.leftovers())
      if (slice !== undefined)
        checks[`slot ${slot}`] = { code: 'FICUS_SLOT_LEFT', message: `${message} ${remedy}` };
    for (const { slice, message, remedy } of this.#coordinator.stranded())
      checks[`cutover ${slice}`] = { code: 'FICUS_CUTOVER_STRANDED', message: `${message} ${remedy}` };
    const shown = Object.entries(checks).map(([name, { code, message }]) => [name, mayRead ? message : code]);
    return {
      ready: Object.values(checks).every(({ code }) => code === 'ok'),
      checks: Object.fromEntries(shown),
    };
  }

  #sharedDatabase(now: number): Promise<Check> {
    const known = this.#asked;
    const isKept = known !== undefined && (known.running || Math.abs(now - known.at) < KEPT_MS);
    if (isKept && this.#store.connected) return known.answer;
    const asked = { at: now, running: true, answer: this.#database() };
    void asked.answer.then(() => {
      asked.running = false;
    });
    this.#asked = asked;
    return asked.answer;
  }

  async #database(): Promise<Check> {
    const failed = (message: string): Check => ({ code: 'FICUS_DATABASE_UNREACHABLE', message });
    if (!this.#store.connected) return failed('the connection is lost');
    try {
      const [row] = await this.#store.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
      return row?.standby ? { code: 'standby', message: 'the database takes no writes' } : OK;
    } catch (error) {
      return failed(refusalText(error));
    }
  }

  #stream(slice: string, now: number): Check {
    const status = this.#replications.status(slice);
    if (!status) return { code: 'unknown', message: 'unknown' };
    const { state, problem, lagMs } = status;
    if (state === 'stopped') return problem ?? { code: 'stopped', message: 'stopped' };
    if (!this.#replications.copied(slice))
      return problem ?? this.#copy(slice, status.copy?.rowsCopied ?? 0, now);
    if (lagMs <= STALLED_MS) return OK;
    const message = `no heartbeat for ${Math.round(lagMs / 1000)} s`;
    return problem
      ? { code: problem.code, message: `${message}: ${problem.message}` }
      : { code: 'stalled', message };
  }

  #copy(slice: string, rows: number, now: number): Check {
    const seen = this.#copies.get(slice);
    if (!seen || seen.rows !== rows) this.#copies.set(slice, { rows, at: now });
    const still = now - (this.#copies.get(slice)?.at ?? now);
    if (still <= COPY_STALLED_MS) return OK;
    return {
      code: 'stalled',
      message: `the first copy has made no progress for ${Math.round(still / 1000)} s`,
    };
  }
}
