/** Observations that this config's proxies cannot have made: counted by reason, and said in the log, ever more rarely. */
import type { Observation } from '@ficus/core';
import type { AskRefusal } from '@ficus/proxy';
import type { Logger } from 'pino';

export class RefusedObservations {
  readonly #logger: Logger;
  readonly #counts = new Map<AskRefusal, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** By reason, since the start. */
  get counts(): ReadonlyMap<AskRefusal, number> {
    return this.#counts;
  }

  /** What was reported is a stranger's until now: the log has the names, never target, fields or caller. */
  add({ slice, route, requestId }: Observation, reason: AskRefusal): void {
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    if (!Number.isInteger(Math.log10(count))) return;
    this.#logger.warn({ slice, route, requestId, reason, count }, 'observation refused');
  }
}
