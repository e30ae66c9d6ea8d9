/**
 * Asks all workers what would become of a request, for `ficus explain`, and puts their answers together: each has its own
 * breakers and its own knowledge of callers. A worker that does not answer in time is counted, and not waited for.
 */
import { type ExplainQuestion, FicusError } from '@ficus/core';
import type { Explanation, WorkerExplanation } from '../explain/explanation.ts';
import type { PrimaryMessage } from '../worker/worker-messages.ts';

/** Longer than the legacy may take to say whose session it is (2 s). */
const ANSWER_MS = 2_500;
/** Questions in progress; an operator asks one at a time. */
const MOST_UNDER_WAY = 16;

type Later = (action: () => void, ms: number) => unknown;

interface RoundsParts {
  readonly send: (message: PrimaryMessage, only: number) => void;
  readonly later: Later;
}

interface Round {
  readonly waiting: Set<number>;
  readonly answers: WorkerExplanation[];
  readonly end: () => void;
}

/** What the workers decide, summed up. */
export type SharedExplanation = WorkerExplanation & Pick<Explanation, 'workers'>;

export class ExplainRounds {
  readonly #parts: RoundsParts;
  readonly #rounds = new Map<number, Round>();
  #last = 0;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when all have answered, or when the time is over.
   * @throws FicusError FICUS_PROXY_OVERLOADED (too many questions at once), FICUS_PROXY_UNREACHABLE (no worker answers)
   */
  async ask(workers: readonly number[], question: ExplainQuestion): Promise<SharedExplanation> {
    if (this.#rounds.size >= MOST_UNDER_WAY)
      throw new FicusError('FICUS_PROXY_OVERLOADED', 'Too many requests are being explained.');
    const { promise, resolve } = Promise.withResolvers<void>();
    const ask = ++this.#last;
    const answers: WorkerExplanation[] = [];
    this.#rounds.set(ask, { waiting: new Set(workers), answers, end: resolve });
    for (const worker of workers) this.#parts.send({ kind: 'explain', ask, question }, worker);
    if (workers.length > 0) {
      this.#parts.later(resolve, ANSWER_MS);
      await promise;
    }
    this.#rounds.delete(ask);
    const shared = sumUp(answers, workers.length);
    if (shared !== undefined) return shared;
    throw new FicusError('FICUS_PROXY_UNREACHABLE', `None of the proxy’s ${workers.length} workers answers.`);
  }

  /** A worker has answered; without an explanation when explaining failed. */
  take(worker: number, ask: number, explanation: WorkerExplanation | undefined): void {
    const round = this.#rounds.get(ask);
    if (!round?.waiting.delete(worker)) return;
    if (explanation !== undefined) round.answers.push(explanation);
    if (round.waiting.size === 0) round.end();
  }

  /** A worker that has ended answers no more. */
  gone(worker: number): void {
    for (const ask of this.#rounds.keys()) this.take(worker, ask, undefined);
  }
}

/** The decision of most workers, and how many decide otherwise. @param asked how many were */
export function sumUp(answers: readonly WorkerExplanation[], asked: number): SharedExplanation | undefined {
  const groups = new Map<string, WorkerExplanation[]>();
  for (const answer of answers) {
    const { serve, reason, chance } = answer;
    // Each has drawn for itself.
    const key = JSON.stringify(chance ?? [serve, reason, answer.answer?.status]);
    groups.set(key, [...(groups.get(key) ?? []), answer]);
  }
  const [most, ...others] = [...groups.values()].sort((a, b) => b.length - a.length);
  if (most === undefined) return undefined;
  const differ = others.map((group) => ({
    count: group.length,
    serve: group[0]!.serve,
    reason: group[0]!.reason,
  }));
  return {
    ...most[0]!,
    workers: { asked, agree: most.length, differ, silent: asked - answers.length },
  };
}
