/**
 * Why callers could not be identified, for the operator: counted each time, and logged once a minute for each reason, so
 * that a flood of callers is no flood of lines.
 */
import { turnNow } from '../clock/turn-clock.ts';

type Warn = (detail: object, message: string) => void;

const EACH_MS = 60_000;
/** Reasons come from the config and from answers of the legacy: there are few, unless something is very wrong. */
const MOST_REASONS = 100;

export class IdentityNotes {
  readonly #warn: Warn;
  readonly #count: (series: string) => void;
  readonly #loggedAt = new Map<string, number>();

  /** @param warn writes a line of the log @param count adds to a plain counter */
  constructor(warn: Warn, count: (series: string) => void) {
    this.#warn = warn;
    this.#count = count;
  }

  /**
   * @param source as the config names it
   * @param reason what is wrong, and what to do about it
   * @param seen in its place; only asked for when the line is written
   */
  say(source: string, reason: string, seen?: () => string): void {
    this.#count(`ficus_identity_problems_total{source="${source}"}`);
    const key = `${source} ${reason}`;
    const before = this.#loggedAt.get(key);
    const now = turnNow();
    if (before !== undefined && now - before < EACH_MS) return;
    if (before === undefined && this.#loggedAt.size >= MOST_REASONS) return;
    this.#loggedAt.set(key, now);
    this.#warn({ source, reason, seen: seen?.() }, 'callers cannot be identified');
  }
}
