/**
 * Whether the control plane works, judged by progress: the database takes writes, streams apply what they read, a first
 * copy grows. A stream without progress makes it not ready, however many sockets are open, and so does a slot of ours that
 * no slice uses. Proxies do not ask for it.
 */

import { STALLED_MS } from '../replications/evaluate-health.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { SourceWatch } from '../replications/source-watch.ts';
import type { Store } from '../store/open-store.ts';

interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

interface CopySeen {
  readonly rows: number;
  readonly at: number;
}

const COPY_STALLED_MS = 60_000;

export class ReadinessProbe {
  readonly #store: Store;
  readonly #replications: ReplicationSet;
  readonly #sourceWatch: SourceWatch;
  readonly #copies = new Map<string, CopySeen>();

  constructor(store: Store, replications: ReplicationSet, sourceWatch: SourceWatch) {
    this.#store = store;
    this.#replications = replications;
    this.#sourceWatch = sourceWatch;
  }

  async check(now: number): Promise<Readiness> {
    const checks: Record<string, string> = { database: await this.#database() };
    for (const slice of this.#replications.slices) checks[`stream ${slice}`] = this.#stream(slice, now);
    for (const { slice, slot, message, remedy } of this.#sourceWatch.leftovers())
      if (slice !== undefined) checks[`slot ${slot}`] = `${message} ${remedy}`;
    return { ready: Object.values(checks).every((answer) => answer === 'ok'), checks };
  }

  async #database(): Promise<string> {
    if (!this.#store.connected) return 'the connection is lost';
    try {
      const [row] = await this.#store.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
      return row?.standby ? 'the database takes no writes' : 'ok';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #stream(slice: string, now: number): string {
    const status = this.#replications.status(slice);
    if (!status) return 'unknown';
    if (status.state === 'stopped') return status.problem?.message ?? 'stopped';
    if (!this.#replications.copied(slice) && status.problem) return status.problem.message;
    if (!this.#replications.copied(slice)) return this.#copy(slice, status.copy?.rowsCopied ?? 0, now);
    return status.lagMs <= STALLED_MS ? 'ok' : `no heartbeat for ${Math.round(status.lagMs / 1000)} s`;
  }

  #copy(slice: string, rows: number, now: number): string {
    const seen = this.#copies.get(slice);
    if (!seen || seen.rows !== rows) this.#copies.set(slice, { rows, at: now });
    const still = now - (this.#copies.get(slice)?.at ?? now);
    return still <= COPY_STALLED_MS
      ? 'ok'
      : `the first copy has made no progress for ${Math.round(still / 1000)} s`;
  }
}
