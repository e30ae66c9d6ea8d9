/** How far a first copy is: pure, so that terminal, API and metrics agree. */
import type { CopyProgress } from './replication-status.ts';

/** Progress from 0 to 100; the total is an estimate, so that only a finished copy shows 100. */
export function copyPercent({ rowsCopied, rowsTotal, done }: CopyProgress): number {
  if (done) return 100;
  if (rowsTotal <= 0) return 0;
  return Math.min(99.9, Math.floor((rowsCopied / rowsTotal) * 1000) / 10);
}

/** Time left at the current rate, in milliseconds; null while no rate is known. */
export function copyTimeLeftMs({ rowsCopied, rowsTotal, rowsPerSecond, done }: CopyProgress): number | null {
  if (done) return 0;
  if (rowsPerSecond <= 0) return null;
  return Math.round((Math.max(0, rowsTotal - rowsCopied) / rowsPerSecond) * 1000);
}
