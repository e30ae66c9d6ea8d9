/** Runs of verify, one at a time for each slice; the last one stays readable (views/build-verify-view.ts). */

import type { VerifyView } from '@ficus/contract';
import { FicusError, type TableConfig } from '@ficus/core';
import type { ReplicationPort } from './replication-set.ts';

export interface VerifyOptions {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly replication: ReplicationPort | undefined;
  readonly mode: VerifyMode;
  /** Where an interrupted run stopped; opaque here. */
  readonly resume: unknown;
  readonly signal: AbortSignal;
  onProgress(progress: VerifyProgress, resume: unknown): void;
}

/** All rows, those that changed since the last comparison of all, or about so many of each side, drawn at random. */
export type VerifyMode = 'full' | 'changed' | { readonly sample: number };

/** What a caller says of a run. */
export interface VerifyRequest extends Omit<VerifyOptions, 'signal' | 'onProgress' | 'resume'> {
  /** Continues where the last run stopped, when that one was interrupted; else starts over. */
  readonly goOn: boolean;
}

export type VerifyProgress = Pick<VerifyView, 'rowsCompared' | 'rowsTotal' | 'rowsPerSecond'>;

export interface VerifyOutcome {
  readonly verdict: 'match' | 'mismatch' | 'inconclusive';
  readonly reason?: string | undefined;
  readonly rowsCompared: { readonly source: number; readonly target: number };
  readonly rowsPerSecond: number;
  readonly tables: readonly Omit<VerifyView['tables'][number], 'rowsCompared' | 'examples'>[];
  readonly differences: readonly VerifyDifference[];
  readonly differencesNotListed: number;
  /** Set when it was interrupted. */
  readonly resume?: unknown;
}

export interface VerifyDifference extends Omit<VerifyView['differences'][number], 'columns' | 'key'> {
  readonly key: Readonly<Record<string, string | null>>;
  readonly columns: readonly VerifyView['differences'][number]['columns'][number][];
}

/** Compares both databases of a slice; `verifySlice` of cdc is behind it. */
export type RunVerify = (options: VerifyOptions) => Promise<VerifyOutcome>;

interface Begun {
  readonly mode: VerifyMode;
  /** ISO time. */
  readonly startedAt: string;
  readonly progress: VerifyProgress;
}

export type VerifyRun =
  | (Begun & { readonly state: 'running' })
  | (Begun & { readonly state: 'done'; readonly finishedAt: string; readonly outcome: VerifyOutcome })
  | (Begun & { readonly state: 'failed'; readonly finishedAt: string; readonly error: unknown });

export class VerifyRuns {
  readonly #run: RunVerify;
  readonly #last = new Map<string, VerifyRun>();
  /** Slice → where its last full run stopped; in memory, as the runs themselves. */
  readonly #stoppedAt = new Map<string, unknown>();
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(run: RunVerify) {
    this.#run = run;
  }

  /** The run under way, or the last one. */
  last(slice: string): VerifyRun | undefined {
    return this.#last.get(slice);
  }

  /**
   * Starts a run and returns at once.
   * @throws FicusError FICUS_CONTROL_BUSY while one is under way
   */
  start(request: VerifyRequest): VerifyRun {
    const { slice, mode } = request;
    if (this.#last.get(slice)?.state === 'running')
      throw new FicusError('FICUS_CONTROL_BUSY', `A verify of ${slice} is under way.`);
    const progress = { rowsCompared: 0, rowsTotal: 0, rowsPerSecond: 0 };
    const begun: Begun = { mode, startedAt: new Date().toISOString(), progress };
    const running: VerifyRun = { state: 'running', ...begun };
    this.#last.set(slice, running);
    const work = this.#follow(request, begun).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    return running;
  }

  /** Breaks off what is under way, and waits for it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#underWay);
  }

  async #follow({ goOn, ...options }: VerifyRequest, first: Begun): Promise<void> {
    const { slice, mode } = options;
    const resume = goOn && mode === 'full' ? this.#stoppedAt.get(slice) : undefined;
    const remember = (point: unknown) => mode === 'full' && this.#stoppedAt.set(slice, point);
    let begun = first;
    const onProgress = (progress: VerifyProgress, point: unknown) => {
      begun = { ...begun, progress };
      this.#last.set(slice, { ...begun, state: 'running' });
      remember(point);
    };
    const end = () => ({ ...begun, finishedAt: new Date().toISOString() });
    try {
      const outcome = await this.#run({ ...options, resume, signal: this.#stopping.signal, onProgress });
      remember(outcome.resume);
      this.#last.set(slice, { ...end(), state: 'done', outcome });
    } catch (error) {
      this.#last.set(slice, { ...end(), state: 'failed', error });
    }
  }
}
