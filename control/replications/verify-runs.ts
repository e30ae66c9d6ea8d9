/** Runs of verify, one at a time for each slice; the last one stays to be looked at. */

import type { VerifyView } from '@ficus/contract';
import { FicusError, type TableConfig } from '@ficus/core';
import { redactDifference } from '@ficus/parity';
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
  /** Goes on where the last run stopped, when that one did not come to its end; else begins anew. */
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

export class VerifyRuns {
  private readonly run: RunVerify;
  private readonly last = new Map<string, VerifyView>();
  /** Slice → where its last full run stopped; in memory, as the runs themselves. */
  private readonly stoppedAt = new Map<string, unknown>();
  private readonly stopping = new AbortController();
  private readonly underWay = new Set<Promise<void>>();

  constructor(run: RunVerify) {
    this.run = run;
  }

  /** The run under way, or the last one. */
  view(slice: string): VerifyView | undefined {
    return this.last.get(slice);
  }

  /**
   * Starts a run and returns at once.
   * @throws FicusError FICUS_CONTROL_BUSY while one is under way
   */
  start(request: VerifyRequest): VerifyView {
    const { slice, mode } = request;
    if (this.last.get(slice)?.state === 'running')
      throw new FicusError('FICUS_CONTROL_BUSY', `A verify of ${slice} is under way.`);
    const started: VerifyView = {
      state: 'running',
      ...describeMode(mode),
      startedAt: new Date().toISOString(),
      finishedAt: null,
      rowsCompared: 0,
      rowsTotal: 0,
      rowsPerSecond: 0,
      verdict: null,
      equal: null,
      reason: null,
      tables: [],
      differences: [],
      differencesNotListed: 0,
      problem: null,
    };
    this.last.set(slice, started);
    const work = this.follow(request).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
    return started;
  }

  /** Breaks off what is under way, and waits for it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.underWay);
  }

  private async follow({ goOn, ...options }: VerifyRequest): Promise<void> {
    const { slice, mode } = options;
    const resume = goOn && mode === 'full' ? this.stoppedAt.get(slice) : undefined;
    const remember = (point: unknown) => mode === 'full' && this.stoppedAt.set(slice, point);
    const change = (fields: Partial<VerifyView>) =>
      this.last.set(slice, { ...this.last.get(slice)!, ...fields });
    try {
      const outcome = await this.run({
        ...options,
        resume,
        signal: this.stopping.signal,
        onProgress: (progress, point) => {
          change(progress);
          remember(point);
        },
      });
      remember(outcome.resume);
      const differences = outcome.differences.map(redactedDifference);
      const rows = outcome.rowsCompared.source;
      change({
        state: 'done',
        finishedAt: new Date().toISOString(),
        verdict: outcome.verdict,
        equal: outcome.verdict === 'inconclusive' ? null : outcome.verdict === 'match',
        reason: outcome.reason ?? null,
        rowsCompared: rows,
        rowsTotal: rows,
        rowsPerSecond: outcome.rowsPerSecond,
        tables: outcome.tables.map((table) => withExamples(table, differences)),
        differences,
        differencesNotListed: outcome.differencesNotListed,
      });
    } catch (error) {
      change({ state: 'failed', finishedAt: new Date().toISOString(), problem: problemOf(error) });
    }
  }
}

function describeMode(mode: VerifyMode): Pick<VerifyView, 'mode' | 'sample'> {
  return typeof mode === 'string' ? { mode, sample: null } : { mode: 'sample', sample: mode.sample };
}

function problemOf(error: unknown): NonNullable<VerifyView['problem']> {
  if (error instanceof FicusError) return { code: error.code, message: error.message, remedy: error.remedy };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'FICUS_INTERNAL', message, remedy: 'Run verify again; the log says more.' };
}

/** Rows hold what users wrote: secrets and personal data are for the databases, not for the API. */
function redactedDifference({ columns, key, ...rest }: VerifyDifference): VerifyView['differences'][number] {
  const hide = (name: string, value: string | null) =>
    value === null ? null : redactDifference({ path: `$.${name}`, legacy: value, candidate: '' }).legacy;
  return {
    ...rest,
    key: Object.fromEntries(Object.entries(key).map(([name, value]) => [name, hide(name, value)])),
    columns: columns.map(({ name, expected, found }) => ({
      name,
      expected: hide(name, expected),
      found: hide(name, found),
    })),
  };
}

const MOST_EXAMPLES = 5;

function withExamples(
  table: VerifyOutcome['tables'][number],
  differences: VerifyView['differences'],
): VerifyView['tables'][number] {
  const { equal, missing, extra, different, unsettled } = table;
  const own = differences.filter(({ from, to }) => from === table.from && to === table.to);
  return {
    ...table,
    rowsCompared: equal + missing + extra + different + unsettled,
    examples: own.slice(0, MOST_EXAMPLES).map(({ kind, key, rows, columns }) => ({
      kind,
      key: Object.values(key).join(', '),
      rows,
      columns: columns.map(({ name }) => name),
    })),
  };
}
