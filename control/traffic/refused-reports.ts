/**
 * Reports that this config's proxies cannot have made: counted by kind and reason, and logged ever more rarely. The log
 * names slice and route, and nothing of the request or its caller.
 */
import type { ReportRefusal } from '@ficus/core';
import type { Logger } from 'pino';

type RefusedKind = 'report' | 'proxy' | 'observation' | 'traffic' | 'dropped-copies';

interface RefusedCount {
  readonly kind: RefusedKind;
  readonly reason: ReportRefusal;
  readonly count: number;
}

export interface ReportNames {
  readonly slice: string;
  readonly route?: string | undefined;
  readonly requestId?: string | undefined;
}

export class RefusedReports {
  readonly #logger: Logger;
  readonly #counts = new Map<string, RefusedCount>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Since the start. */
  get counts(): readonly RefusedCount[] {
    return [...this.#counts.values()];
  }

  /** @param problem what is wrong, with its path and without a value */
  add(
    kind: RefusedKind,
    reason: ReportRefusal,
    { slice, route, requestId }: ReportNames,
    problem?: string,
  ): void {
    const key = `${kind} ${reason}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { kind, reason, count });
    if (!Number.isInteger(Math.log10(count))) return;
    this.#logger.warn({ kind, reason, slice, route, requestId, problem, count }, 'report refused');
  }
}
