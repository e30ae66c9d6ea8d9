/** Says once that the control database is lost, at most once a minute that it still is, and for how long it was. */
import { FicusError } from '@ficus/core';
import type { Logger } from 'pino';

const SAID_EACH_MS = 60_000;

export class OutageLog {
  readonly #logger: Logger;
  readonly #database: string;
  #since = 0;
  #saidAt = 0;
  #saidCode = '';

  constructor(logger: Logger, database: string) {
    this.#logger = logger;
    this.#database = database;
  }

  /** @param now milliseconds, on a clock that never goes back */
  lost(err: Error | undefined, now: number): void {
    this.#since = now;
    this.#saidAt = now;
    this.#saidCode = 'FICUS_DATABASE_UNREACHABLE';
    this.#logger.error({ err, database: this.#database }, 'control database lost');
  }

  /** A try to connect has failed. Another reason (another control plane has taken the lock) is said at once. */
  stillAway(error: unknown, now: number): void {
    const code = error instanceof FicusError ? error.code : '';
    if (code === this.#saidCode && now - this.#saidAt < SAID_EACH_MS) return;
    this.#saidAt = now;
    this.#saidCode = code;
    const facts = { reason: String(error), seconds: this.#seconds(now) };
    this.#logger.warn(facts, 'control database still unreachable');
  }

  back(now: number): void {
    this.#logger.info({ seconds: this.#seconds(now) }, 'control database connected again');
  }

  #seconds(now: number): number {
    return Math.round((now - this.#since) / 100) / 10;
  }
}
