/**
 * Introspection: the legacy knows whose session this is (`GET /internal/whoami` with the client's own cookie or
 * header), so it is asked, once for many requests. Answers are cached briefly, concurrent questions are shared, their
 * number is bounded. A failure makes the caller uncertain, who is served by the legacy, and is forgotten within a
 * second: a hiccup of the legacy must not keep a user on the wrong side.
 *
 * Made-up sessions harm no known user: users are cached apart from all other callers, their answers are renewed before
 * they expire, and a share of the questions is theirs alone.
 */
import type { Question } from './asked-endpoints.ts';
import { ExpiringCache } from './expiring-cache.ts';
import { type Identity, UNCERTAIN } from './identity.ts';
import type { IdentityNotes } from './identity-notes.ts';
import { type Answer, readAnswer } from './read-answer.ts';

const KEPT_ANSWERS = 50_000;
const ANSWER_MS = 10_000;
/** From this age on, a request makes the legacy be asked again, and does not wait for it. */
const RENEWED_MS = 6_000;
const FAILURE_MS = 1_000;
/** How long a session that has belonged to a user takes a user's place among the questions. */
const SEEN_MS = 600_000;
const QUESTIONS_UNDER_WAY = 256;
/** Those about sessions that have not belonged to a user yet. */
const STRANGERS_UNDER_WAY = 192;
/** Those about one session while it changes: their answers cannot be shared. */
const UNSHARED_UNDER_WAY = 16;

/** Asks the legacy; rejects or answers undefined on failure. */
type AskLegacy = (question: Question) => Promise<Answer | undefined>;

interface IntrospectionParts {
  readonly ask: AskLegacy;
  readonly count: (outcome: 'asked' | 'failed' | 'unnamed' | 'refused') => void;
  readonly notes: Pick<IdentityNotes, 'say'>;
  /** Whether a write is in progress that may change the session. */
  readonly isChanging: (session: string) => boolean;
  /** Most answers kept of each kind. */
  readonly keptAnswers?: number;
}

/** The user whose session it is. */
interface KnownUser {
  readonly identity: Identity;
  renewAt: number;
}

/** A question in progress. */
interface Asked {
  readonly answer: Promise<Identity>;
  /** False once the session may have changed: the answer is then neither shared nor kept. */
  isCurrent: boolean;
}

export class Introspection {
  readonly #parts: IntrospectionParts;
  readonly #users: ExpiringCache<KnownUser>;
  readonly #others: ExpiringCache<Identity>;
  readonly #seen: ExpiringCache<true>;
  /** Whose answers may be shared, by session. */
  readonly #asked = new Map<string, Asked>();
  readonly #unshared = new Map<string, number>();
  #underWay = 0;
  #strangers = 0;

  constructor(parts: IntrospectionParts) {
    this.#parts = parts;
    const { keptAnswers = KEPT_ANSWERS } = parts;
    this.#users = new ExpiringCache(keptAnswers);
    this.#others = new ExpiringCache(keptAnswers);
    this.#seen = new ExpiringCache(keptAnswers);
  }

  /** The cached answer, if any; asks again ahead of its end. */
  known(question: Question, clock: () => number): Identity | undefined {
    const { session } = question;
    const now = clock();
    const user = this.#users.get(session, now);
    if (user === undefined) return this.#others.get(session, now);
    if (user.renewAt <= now) {
      user.renewAt = now + FAILURE_MS;
      if (!this.#asked.has(session)) this.#tryToAsk(question, clock);
    }
    return user.identity;
  }

  /** The cached answer, if any. Changes nothing and asks no one. */
  peek({ session }: Question, clock: () => number): Identity | undefined {
    const now = clock();
    return this.#users.get(session, now)?.identity ?? this.#others.get(session, now);
  }

  /** Asks, or joins a question in progress. Never rejects. */
  ask(question: Question, clock: () => number): Promise<Identity> {
    const shared = this.#asked.get(question.session);
    if (shared !== undefined) return shared.answer;
    const answer = this.#tryToAsk(question, clock);
    if (answer !== undefined) return answer;
    this.#parts.count('refused');
    return Promise.resolve(UNCERTAIN);
  }

  /** The session may have changed: what was known, or is being asked, counts no longer. */
  forget(session: string): void {
    this.#users.delete(session);
    this.#others.delete(session);
    const asked = this.#asked.get(session);
    if (asked === undefined) return;
    asked.isCurrent = false;
    this.#asked.delete(session);
  }

  /** Whether a question about this session would be refused now: too many are under way. */
  isFullFor({ session }: Question, clock: () => number): boolean {
    return this.#isFullFor(this.#seen.get(session, clock()) === undefined);
  }

  #isFullFor(stranger: boolean): boolean {
    return this.#underWay >= QUESTIONS_UNDER_WAY || (stranger && this.#strangers >= STRANGERS_UNDER_WAY);
  }

  /** @returns undefined when there is no place for another question */
  #tryToAsk(question: Question, clock: () => number): Promise<Identity> | undefined {
    const { session } = question;
    const stranger = this.#seen.get(session, clock()) === undefined;
    const full = this.#isFullFor(stranger);
    const changing = this.#parts.isChanging(session);
    const unshared = this.#unshared.get(session) ?? 0;
    if (full || (changing && unshared >= UNSHARED_UNDER_WAY)) return undefined;
    this.#underWay += 1;
    if (stranger) this.#strangers += 1;
    if (changing) this.#unshared.set(session, unshared + 1);
    const over = (): void => {
      this.#underWay -= 1;
      if (stranger) this.#strangers -= 1;
      if (changing) this.#unsharedOver(session);
    };
    return this.#share(session, !changing, this.#askOnce(question).finally(over), clock);
  }

  #share(
    session: string,
    isCurrent: boolean,
    told: Promise<Identity | undefined>,
    clock: () => number,
  ): Promise<Identity> {
    const answer = told.then((identity) => {
      if (asked.isCurrent) {
        this.#asked.delete(session);
        this.#keep(session, identity, clock());
      }
      return identity ?? UNCERTAIN;
    });
    const asked: Asked = { answer, isCurrent };
    if (isCurrent) this.#asked.set(session, asked);
    return answer;
  }

  #unsharedOver(session: string): void {
    const left = (this.#unshared.get(session) ?? 0) - 1;
    if (left > 0) this.#unshared.set(session, left);
    else this.#unshared.delete(session);
  }

  async #askOnce(question: Question): Promise<Identity | undefined> {
    const { count, notes, ask } = this.#parts;
    const { path, wanted } = question;
    count('asked');
    const read = readAnswer(await ask(question).catch(() => undefined), wanted);
    if ('failed' in read) {
      count('failed');
      notes.say('introspection', `${path} ${read.failed}`);
      return undefined;
    }
    const { identity, lacks } = read;
    if (lacks !== undefined) {
      count('unnamed');
      notes.say(lacks.field, `${path} ${lacks.reason}`, () => lacks.seen);
    }
    return identity;
  }

  /** A failure leaves the answer in place that it was to renew. */
  #keep(session: string, identity: Identity | undefined, now: number): void {
    if (identity === undefined) {
      this.#others.set(session, UNCERTAIN, now + FAILURE_MS, now);
      return;
    }
    if (namesNone(identity)) {
      this.#users.delete(session);
      this.#others.set(session, identity, now + ANSWER_MS, now);
      return;
    }
    this.#others.delete(session);
    this.#users.set(session, { identity, renewAt: now + RENEWED_MS }, now + ANSWER_MS, now);
    this.#seen.set(session, true, now + SEEN_MS, now);
  }
}

const namesNone = ({ user, session, tenant }: Identity): boolean =>
  user === undefined && session === undefined && tenant === undefined;
