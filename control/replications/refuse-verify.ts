/** Whether a comparison of both databases can say anything: rows that the stream has not brought yet are no difference. */
import { FicusError, type ReplicationStatus, readErrorCode } from '@ficus/core';

/** Why there is nothing to compare; undefined when there is. */
export function refuseVerify(status: ReplicationStatus, copied: boolean): FicusError | undefined {
  const stopped = describeStop(status);
  if (stopped || copied) return stopped;
  const { slice, state, copy } = status;
  const rows = (count: number) => count.toLocaleString('en-US');
  const so = copy
    ? `the copy is running, ${rows(copy.rowsCopied)} of about ${rows(copy.rowsTotal)} rows are there`
    : `the stream is ${state}`;
  return new FicusError('FICUS_CONTROL_NOT_COPIED', `The first copy of ${slice} is not complete: ${so}.`);
}

/** The error of a stream that waits for someone to fix it; undefined for any other. */
export function describeStop({ slice, state, problem }: ReplicationStatus): FicusError | undefined {
  if (state !== 'stopped' || !problem) return undefined;
  return new FicusError(readErrorCode(problem.code), `The stream of ${slice} is stopped: ${problem.message}`);
}
