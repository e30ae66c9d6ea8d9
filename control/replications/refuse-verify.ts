/** Whether a comparison of both databases can say anything: rows that the stream has not brought yet are no difference. */
import { FicusError, type ReplicationStatus, readErrorCode } from '@ficus/core';

/** Why there is nothing to compare; undefined when there is. @param copied undefined: not known */
export function refuseVerify(status: ReplicationStatus, copied: boolean | undefined): FicusError | undefined {
  const stopped = describeStop(status);
  if (stopped || copied) return stopped;
  const { slice, state, copy, problem } = status;
  if (copied === undefined)
    return new FicusError(
      problem ? readErrorCode(problem.code) : 'FICUS_CONTROL_NOT_COPIED',
      `It is not known yet whether the first copy of ${slice} is complete: ${problem?.message ?? `the stream is ${state}.`}`,
    );
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
