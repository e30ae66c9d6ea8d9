/** The closing figures, from what the stages, the changes of owner and the load have recorded. Pure. */
import type { Tally } from '../load/tally.ts';
import { isOrder } from '../load/write-keys.ts';
import type { WriteRecord } from '../load/write-record.ts';
import type { LookUps } from './audit-sides.ts';
import {
  type DemoFigures,
  type LookUp,
  percentile,
  type StageFigures,
  type WriteFigures,
} from './demo-figures.ts';
import type { ParityCounts } from './slice-control.ts';

/** Grows while the demo runs. */
export interface Findings {
  readonly ending: DemoFigures['ending'];
  readonly stages: StageFigures[];
  readonly changes: DemoFigures['changes'][number][];
  readonly lags: number[];
  sideDoor: DemoFigures['sideDoor'];
  retired: boolean;
  /** Compared before the slice was retired. */
  rows?: DemoFigures['rows'];
  onLegacy?: LookUp;
}

interface Recorded extends Omit<Findings, 'onLegacy' | 'rows'> {
  readonly rows: DemoFigures['rows'];
  readonly tally: Tally;
  readonly writes: readonly WriteRecord[];
  readonly lookUps: LookUps;
  readonly parity: ParityCounts;
  readonly seconds: number;
}

export function assembleFigures(recorded: Recorded): DemoFigures {
  const { ending, stages, changes, sideDoor, retired, lags, tally, parity, rows, seconds } = recorded;
  const { match, mismatch, stale, noise, inconclusive } = parity;
  const { requests, writes, failures, failureSamples, usersMovedBack, readsAfterWrite, staleReads } = tally;
  return {
    ...{ ending, requests, writes, requestsPerSecond: requests / seconds, failures, failureSamples, stages },
    ...{ usersMovedBack, readsAfterWrite, staleReads, changes, sideDoor, retired },
    sliceWrites: countWrites(recorded.writes, recorded.lookUps),
    parity: { match, mismatch, stale, noise, inconclusive },
    lagMs: { p50: percentile(lags, 0.5), p99: percentile(lags, 0.99), samples: lags.length },
    rows,
    seconds,
  };
}

function countWrites(writes: readonly WriteRecord[], lookUps: LookUps): WriteFigures {
  const acknowledged = writes.filter((write) => write.acknowledged);
  // The monolith takes orders; who takes the notification of one, its client does not see.
  const takenBy = (side: string) =>
    acknowledged.filter((write) => write.side === side && !isOrder(write.key)).length;
  return {
    acknowledged: acknowledged.length,
    failed: writes.length - acknowledged.length,
    takenBy: { legacy: takenBy('legacy'), candidate: takenBy('candidate') },
    ...lookUps,
  };
}
