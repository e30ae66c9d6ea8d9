/**
 * Introspection: the legacy knows whose session this is (`GET /internal/whoami` with the client's own cookie or
 * header), so it is asked, once for many requests. Answers are cached briefly, concurrent questions are shared, their
 * number is bounded. A failure makes the caller uncertain, who is served by the legacy, and is forgotten within a
 * second: a hiccup of the legacy must not keep a user on the wrong side.
 */
import { createHash } from 'node:crypto';
import { ExpiringCache } from './expiring-cache.ts';
import { ANONYMOUS, type Identity, UNCERTAIN } from './identity.ts';

const KEPT_ANSWERS = 50_000;
const ANSWER_MS = 10_000;
const FAILURE_MS = 1_000;
const QUESTIONS_UNDER_WAY = 256;

/**
 * Asks the legacy; rejects or answers undefined on failure. `carrier` is the flat header list to send along.
 */
type AskLegacy = (path: string, carrier: readonly string[]) => Promise<Answer | undefined>;

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export class Introspection {
  readonly #cache = new ExpiringCache<Identity>(KEPT_ANSWERS);
  readonly #underWay = new Map<string, Promise<Identity>>();
  readonly #ask: AskLegacy;
  readonly #count: (outcome: 'asked' | 'failed' | 'refused') => void;

  constructor(ask: AskLegacy, count: (outcome: 'asked' | 'failed' | 'refused') => void) {
    this.#ask = ask;
    this.#count = count;
  }

  /** The cached answer, if any. */
  known(path: string, carrier: readonly string[], now: number): Identity | undefined {
    return this.#cache.get(cacheKey(path, carrier), now);
  }

  /** Asks, or joins a question in progress. Never rejects. */
  ask(path: string, carrier: readonly string[], clock: () => number): Promise<Identity> {
    const key = cacheKey(path, carrier);
    const joined = this.#underWay.get(key);
    if (joined) return joined;
    if (this.#underWay.size >= QUESTIONS_UNDER_WAY) {
      this.#count('refused');
      return Promise.resolve(UNCERTAIN);
    }
    const question = this.#askOnce(path, carrier, key, clock).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, question);
    return question;
  }

  async #askOnce(
    path: string,
    carrier: readonly string[],
    key: string,
    clock: () => number,
  ): Promise<Identity> {
    this.#count('asked');
    const answer = await this.#ask(path, carrier).catch(() => undefined);
    const identity = answer === undefined ? undefined : readAnswer(answer);
    if (identity === undefined) this.#count('failed');
    const now = clock();
    this.#cache.set(key, identity ?? UNCERTAIN, now + (identity ? ANSWER_MS : FAILURE_MS), now);
    return identity ?? UNCERTAIN;
  }
}

/**
 * 200 with JSON names the caller; 401, 403 and 204 mean anonymous; anything else is a failure. So is 404: a path that is
 * wrong, or away for a moment, would otherwise log everybody out at the candidate.
 */
function readAnswer(answer: Answer): Identity | undefined {
  if ([204, 401, 403].includes(answer.status)) return ANONYMOUS;
  if (answer.status !== 200) return undefined;
  try {
    const who = JSON.parse(answer.body.toString()) as Record<string, unknown> | null;
    return {
      user: text(who?.user),
      session: text(who?.session),
      tenant: text(who?.tenant),
      uncertain: false,
    };
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** Sessions are secrets: the cache holds a digest of them. */
function cacheKey(path: string, carrier: readonly string[]): string {
  return createHash('sha256').update(path).update('\0').update(carrier.join('\0')).digest('base64url');
}
