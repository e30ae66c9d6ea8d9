/** Runs of verify, one at a time per slice; the last one stays readable (views/build-verify-view.ts). */

import type { VerifyProgress as Progress, VerifyMode, VerifyReport, VerifyResume } from '@ficus/cdc';
import { FicusError, type TableConfig } from '@ficus/core';
import type { Direction } from '../store/stream-records.ts';
import { describeStop } from './refuse-verify.ts';
import type { ReplicationPort } from './replication-set.ts';

export interface VerifyOptions {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  /** `reverse`: the candidate is the source, as for a slice that it owns. */
  readonly direction?: Direction | undefined;
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly replication: ReplicationPort | undefined;
  readonly mode: RunMode;
  /** Where an interrupted run stopped. */
  readonly resume: VerifyResume | undefined;
  readonly signal: AbortSignal;
  onProgress(progress: VerifyProgress & Pick<Progress, 'resume'>): void;
}

/** All rows, those changed since the last full comparison, or a random sample of about this many per side. */
export type RunMode = Exclude<VerifyMode, { readonly keys: unknown }>;

/** A caller's options for a run. */
export interface VerifyRequest extends Omit<VerifyOptions, 'signal' | 'onProgress' | 'resume'> {
  /** The candidate's version at the start, empty while it is not known. */
  readonly version: string;
  /** Continues where the last run was interrupted; otherwise starts over. */
  readonly resume: boolean;
}

export type VerifyProgress = Pick<Progress, 'rowsCompared' | 'rowsTotal' | 'rowsPerSecond'>;

export type VerifyOutcome = Pick<
  VerifyReport,
  | 'verdict'
  | 'reason'
  | 'rowsCompared'
  | 'rowsPerSecond'
  | 'tables'
  | 'differences'
  | 'differencesNotListed'
  | 'nothingChanged'
  | 'changesUnknown'
  | 'resume'
>;

/** Compares both databases of a slice; implemented by cdc's `verifySlice`. */
export type RunVerify = (options: VerifyOptions) => Promise<VerifyOutcome>;

interface Begun {
  readonly mode: RunMode;
  /** The candidate's version at the start, empty while it was not known. */
  readonly version: string;
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
  readonly #onEnd: (slice: string, run: VerifyRun) => void;
  readonly #last = new Map<string, VerifyRun>();
  /** Slice → where its last full run stopped; in memory, like the runs themselves. */
  readonly #stoppedAt = new Map<string, VerifyResume | undefined>();
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  /** @param onEnd called with each run that has ended, but for those that `stop` ended */
  constructor(run: RunVerify, onEnd: (slice: string, run: VerifyRun) => void = () => undefined) {
    this.#run = run;
    this.#onEnd = onEnd;
  }

  /** The current run, or the last one. */
  last(slice: string): VerifyRun | undefined {
    return this.#last.get(slice);
  }

  /**
   * Starts a run and returns at once.
   * @throws FicusError FICUS_CONTROL_BUSY while one is running
   */
  start(request: VerifyRequest): VerifyRun {
    return this.#begin(request).running;
  }

  /** The same, and resolves with its outcome. @throws what the run failed with */
  async finish(request: VerifyRequest): Promise<VerifyOutcome> {
    await this.#begin(request).work;
    const run = this.#last.get(request.slice);
    if (run?.state === 'done') return run.outcome;
    throw run?.state === 'failed' ? run.error : new Error('the comparison did not end');
  }

  #begin(request: VerifyRequest): { readonly running: VerifyRun; readonly work: Promise<void> } {
    const { slice, mode, version } = request;
    if (this.#last.get(slice)?.state === 'running')
      throw new FicusError('FICUS_CONTROL_BUSY', `A verify of ${slice} is running.`);
    const progress = { rowsCompared: 0, rowsTotal: 0, rowsPerSecond: 0 };
    const begun: Begun = { mode, version, startedAt: new Date().toISOString(), progress };
    const running: VerifyRun = { state: 'running', ...begun };
    this.#last.set(slice, running);
    const work = this.#follow(request, begun).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    return { running, work };
  }

  /** Aborts the running comparisons and waits for their end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#underWay);
  }

  async #follow({ resume, version: _, ...options }: VerifyRequest, first: Begun): Promise<void> {
    const { slice, mode } = options;
    const stoppedAt = resume && mode === 'full' ? this.#stoppedAt.get(slice) : undefined;
    const remember = (point: VerifyResume | undefined) =>
      mode === 'full' && this.#stoppedAt.set(slice, point);
    let begun = first;
    const onProgress: VerifyOptions['onProgress'] = ({
      rowsCompared,
      rowsTotal,
      rowsPerSecond,
      resume: point,
    }) => {
      begun = { ...begun, progress: { rowsCompared, rowsTotal, rowsPerSecond } };
      this.#last.set(slice, { ...begun, state: 'running' });
      remember(point);
    };
    const end = () => ({ ...begun, finishedAt: new Date().toISOString() });
    const watched = watchStream(options.replication);
    const signal = AbortSignal.any([this.#stopping.signal, watched.signal]);
    try {
      const run = this.#run({ ...options, resume: stoppedAt, signal, onProgress });
      const outcome = await Promise.race([run, watched.stopped]);
      remember(outcome.resume);
      this.#end(slice, { ...end(), state: 'done', outcome });
    } catch (error) {
      this.#end(slice, { ...end(), state: 'failed', error });
    } finally {
      watched.end();
    }
  }

  #end(slice: string, run: VerifyRun): void {
    this.#last.set(slice, run);
    // A run that the end of this process broke off found nothing out.
    if (!this.#stopping.signal.aborted) this.#onEnd(slice, run);
  }
}

/** `stopped` rejects, and the signal is aborted, when the stream stops and waits for someone to fix it. */
function watchStream(replication: ReplicationPort | undefined) {
  const stopping = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => undefined);
  const end = replication?.subscribe((status) => {
    const error = describeStop(status);
    if (!error) return;
    stopping.abort();
    reject(error);
  });
  return { signal: stopping.signal, stopped, end: () => end?.() };
}
