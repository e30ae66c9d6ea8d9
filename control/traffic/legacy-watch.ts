/** Whether the legacy passes the proxies' health checks, as they report. The caller supplies the clock. */
import type { ProxyReport } from '@ficus/core';

/** A proxy whose checks fail reports each second: this one has ended, or lost its link. */
const SILENT_MS = 15_000;

export class LegacyWatch {
  /** Listed proxies (listed-proxies.ts bounds them) whose checks fail, with the time of their last report in milliseconds. */
  readonly #failing = new Map<string, number>();

  takeReport({ proxyId, failingChecks }: ProxyReport, now: number): void {
    this.#dropSilent(now);
    if (failingChecks?.legacy !== true) this.#failing.delete(proxyId);
    else this.#failing.set(proxyId, now);
  }

  /** How many proxies' checks fail. */
  failingChecks(now: number): number {
    this.#dropSilent(now);
    return this.#failing.size;
  }

  #dropSilent(now: number): void {
    for (const [proxyId, reportedAt] of this.#failing)
      if (reportedAt < now - SILENT_MS) this.#failing.delete(proxyId);
  }
}
