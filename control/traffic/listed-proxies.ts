/**
 * The proxies that report, each token owner's apart: made-up names take places of the own token only. A proxy that
 * reports keeps its place; a new one gets none while all are taken. The caller supplies the clock.
 */
import type { ConfigRefusal, ProxyReport } from '@ficus/core';

/** Whence a report came, and of whose token; undefined without tokens. */
interface Reporter {
  readonly address: string;
  readonly owner: string | undefined;
}

interface ProxyView extends Reporter {
  readonly proxyId: string;
  readonly name: string | null;
  readonly workers: number;
  readonly epochs: Readonly<Record<string, number>>;
  readonly configRefused: ConfigRefusal | null;
  /** ISO time of the last report. */
  readonly lastReportAt: string;
}

/** Of one owner: ids are the proxies' own words. */
export const MOST_PROXIES = 1_000;
/** One that is silent for longer has nothing to report, or has ended. */
const LISTED_MS = 60_000;

export class ListedProxies {
  /** By owner; undefined without tokens. */
  readonly #owners = new Map<string | undefined, Map<string, ProxyView>>();

  /** Whether the proxy has a place in the list. */
  take(
    { address, owner }: Reporter,
    { proxyId, name, workers, epochs, configRefused = null }: ProxyReport,
    now: number,
  ): boolean {
    const proxies = this.#owners.get(owner) ?? new Map<string, ProxyView>();
    this.#owners.set(owner, proxies);
    if (!proxies.has(proxyId) && proxies.size >= MOST_PROXIES) {
      forgetSilent(proxies, now);
      if (proxies.size >= MOST_PROXIES) return false;
    }
    const lastReportAt = new Date(now).toISOString();
    const reported = { proxyId, name: name ?? null, workers, epochs, configRefused };
    proxies.set(proxyId, { ...reported, lastReportAt, address, owner });
    return true;
  }

  /** Proxies that reported within the last minute. */
  views(now: number): readonly ProxyView[] {
    const all = [...this.#owners.values()];
    for (const proxies of all) forgetSilent(proxies, now);
    return all.flatMap((proxies) => [...proxies.values()]);
  }
}

function forgetSilent(proxies: Map<string, ProxyView>, now: number): void {
  for (const [id, { lastReportAt }] of proxies)
    if (Date.parse(lastReportAt) < now - LISTED_MS) proxies.delete(id);
}
