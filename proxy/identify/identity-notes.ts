/**
 * Why callers could not be identified, for the operator: counted each time, and logged once a minute for each reason, so
 * that a flood of callers is no flood of lines.
 */
import { turnNow } from '../clock/turn-clock.ts';

const EACH_MS = 60_000;
/** Reasons come from the config and from answers of the legacy: there are few, unless something is very wrong. */
const MOST_REASONS = 100;

export class IdentityNotes {
  readonly #warn: (detail: object, message: string) => void;
  readonly #loggedAt = new Map<string, number>();

  /** @param warn writes a line of the log */
  constructor(warn: (detail: object, message: string) => void) {
    this.#warn = warn;
  }

  /** @param source as the config names it @param reason what is wrong, and what to do about it */
  say(source: string, reason: string): void {
    const key = `${source} ${reason}`;
    const before = this.#loggedAt.get(key);
    const now = turnNow();
    if (before !== undefined && now - before < EACH_MS) return;
    if (before === undefined && this.#loggedAt.size >= MOST_REASONS) return;
    this.#loggedAt.set(key, now);
    this.#warn({ source, reason }, 'callers cannot be identified: the legacy serves them');
  }
}
