/**
 * What a problem of a stream back says. It copies nothing, so no new copy fixes it: while the legacy owns the slice, the
 * stream is simply made again; once the candidate does, what it has written meanwhile is on no other side.
 */
import { nameSliceIn, type ReplicationProblem } from '@ficus/core';
import type { Failure } from './classify-failure.ts';

const COPY_AGAIN = 'ficus copy SLICE --restart';
const ADVICE = new RegExp(
  `\\s*(?:[:;,.]|, or| or)? ?[Cc]opy (?:the rows )?again:? ?\\(?${COPY_AGAIN}\\)?`,
  'g',
);

const MAKE_AGAIN =
  'The way back has to be made again. While the legacy owns the slice, the next ficus cutover SLICE does that. While the candidate owns it, a rollback would lose what was written since: fix the cause, or end the way back with ficus retire SLICE.';

export function describeWayBack({ code, message, remedy }: ReplicationProblem): ReplicationProblem {
  const needsCopy = [message, remedy].some((text) => text.includes(COPY_AGAIN));
  return {
    code,
    message: `On the way back, whose source is the candidate: ${message.replace(ADVICE, '')}`,
    remedy: needsCopy ? MAKE_AGAIN : remedy,
  };
}

interface Stream {
  readonly slice: string;
  readonly direction?: 'forward' | 'reverse' | undefined;
}

/** The failure as one of this stream. */
export function ofStream(failure: Failure, { slice, direction }: Stream): Failure {
  if (!('problem' in failure)) return failure;
  const problem = direction === 'reverse' ? describeWayBack(failure.problem) : failure.problem;
  return { ...failure, problem: nameSliceIn(problem, slice) };
}
