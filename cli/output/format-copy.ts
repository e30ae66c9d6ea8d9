/** Progress of a first copy, in one line. */
import type { ReplicationView } from '@ficus/contract';
import { formatDuration } from '@ficus/core';

/** `1,200 of about 5,000 rows, 400 a second, 10 s left` */
export function formatCopy(copy: NonNullable<ReplicationView['copy']>): string {
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const left = copy.timeLeftMs === null ? '' : `, ${formatDuration(copy.timeLeftMs)} left`;
  return `${count(copy.rowsCopied)} of about ${count(copy.rowsTotal)} rows, ${count(copy.rowsPerSecond)} a second${left}`;
}
