/** The demo's calls to the control plane, about its one slice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CutoverView, createControlClient, type SliceView, type WritersView } from '@ficus/contract';
import type { DemoFigures } from './demo-figures.ts';

export interface MismatchSample {
  readonly route: string;
  readonly request: string;
  readonly differences: readonly {
    readonly path: string;
    readonly legacy: string;
    readonly candidate: string;
  }[];
  /** The same request to the candidate, without secrets. */
  readonly curl: string;
}

export interface ParityCounts {
  readonly match: number;
  readonly mismatch: number;
  readonly stale: number;
  readonly noise: number;
  readonly inconclusive: number;
  /** Whether answers of each route that reads were compared, and no difference waits for its confirmation. */
  readonly judged: boolean;
  /** The newest mismatch. */
  readonly sample: MismatchSample | undefined;
}

export interface SliceControl {
  setServe(percent: number, reason: string): Promise<void>;
  setShadow(percent: number, reason: string): Promise<void>;
  parity(): Promise<ParityCounts>;
  /** Undefined once the slice is retired: its streams have ended. */
  replication(): Promise<{ readonly lagMs: number; readonly state: string } | undefined>;
  /** Waits for the first copy and the stream behind it. @throws when the stream stops */
  untilStreaming(onProgress: (text: string) => void, signal: AbortSignal): Promise<void>;
  /** Compares all rows of both databases. @throws when the run fails */
  verify(
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<DemoFigures['rows']>;
  /** Who writes the tables is recorded from now on. */
  observeWriters(): Promise<void>;
  writers(): Promise<WritersView>;
  wayBack(): Promise<SliceView['rollback']>;
  /** The last attempt to change the owner, and the owner. */
  cutover(): Promise<CutoverView>;
}

const LOOK_EVERY_MS = 200;
/** The routes of sample/ficus.yaml that read. */
const READS = ['list', 'get', 'preferences'];

const isCompared = (counts: { readonly match: number; readonly mismatch: number } | undefined): boolean =>
  counts !== undefined && counts.match + counts.mismatch > 0;

export function connectSlice(controlUrl: string, slice: string): SliceControl {
  const control = createControlClient(controlUrl, undefined, 'demo');
  return {
    setServe: async (percent, reason) => {
      await control.setServe(slice, { percent, reason });
    },
    setShadow: async (percent, reason) => {
      await control.setShadow(slice, { percent, reason });
    },
    parity: async () => {
      const { counts, routes, confirming, samples } = (await control.slice(slice)).parity;
      const found = samples.find((sample) => sample.verdict === 'mismatch');
      return {
        ...counts,
        judged: confirming === 0 && READS.every((route) => isCompared(routes[route])),
        sample: found && { ...found, curl: `${found.curl.legacy}\n${found.curl.candidate}` },
      };
    },
    replication: async () => (await control.slice(slice)).replication ?? undefined,
    untilStreaming: async (onProgress, signal) => {
      for (;;) {
        const view = await control.replication(slice);
        const problem = view.problem && `${view.problem.message} ${view.problem.remedy}`;
        if (problem && view.state === 'stopped') throw new Error(problem);
        if (view.copied && view.state === 'streaming') return;
        // While it has not stopped, it gets over a problem by itself.
        onProgress(
          problem ??
            `copying ${(view.copy?.rowsCopied ?? 0).toLocaleString('en-US')} of about ${(view.copy?.rowsTotal ?? 0).toLocaleString('en-US')} rows`,
        );
        await sleep(LOOK_EVERY_MS, undefined, { signal });
      }
    },
    observeWriters: async () => {
      await control.observeWriters(slice, { on: true, reason: 'demo' });
    },
    writers: () => control.writers(slice),
    wayBack: async () => (await control.slice(slice)).rollback,
    cutover: () => control.cutoverState(slice),
    verify: async (onProgress, signal) => {
      const run = await control.verify(slice, {
        signal,
        onProgress: (view) => onProgress(view.rowsCompared, view.rowsTotal),
      });
      if (run.problem) throw new Error(run.problem.message);
      const sum = (pick: (table: (typeof run.tables)[number]) => number) =>
        run.tables.reduce((total, table) => total + pick(table), 0);
      const [compared, missing, extra, different] = [
        sum((t) => t.rowsCompared),
        sum((t) => t.missing),
        sum((t) => t.extra),
        sum((t) => t.different),
      ];
      const unequal = missing + extra + different;
      const [owner, other] = [compared - extra, compared - missing];
      const isMoved = (await control.cutoverState(slice)).owner === 'candidate';
      return {
        legacy: isMoved ? other : owner,
        candidate: isMoved ? owner : other,
        equal: compared - unequal,
        different: unequal,
      };
    },
  };
}
