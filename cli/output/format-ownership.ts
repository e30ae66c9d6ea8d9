/** The last change of a slice's owner, or the one under way, in one sentence each, with the command that is due. */
import type { AttemptView, CutoverView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { formatMs } from './format-ms.ts';
import { paint } from './paint.ts';

/** Empty when there was none, and all fits together. */
export function describeOwnership({ slice, inconsistency, repair, attempt }: CutoverView): string[] {
  const said = attempt === null ? [] : [describeAttempt(slice, attempt)];
  if (inconsistency === null) return said;
  const half = `${printable(inconsistency)} Repair it: ${printable(repair ?? `ficus cutover ${slice} --resume`)}`;
  return [paint('red', half, process.stdout), ...said];
}

/** What the last attempt has noted; of a retired slice it concerns nothing any more. */
export function describeNotes({ retired, attempt }: CutoverView): string[] {
  const mark = paint('yellow', '!', process.stdout);
  return retired ? [] : (attempt?.notes ?? []).map((note) => `${mark} ${printable(note)}`);
}

/** The same among other slices, where there is something to do or to wait for. */
export function describeDue(cutover: CutoverView): string[] {
  const { slice, inconsistency, attempt } = cutover;
  const isOver = attempt === null || attempt.finishedAt !== null;
  if (inconsistency === null && isOver) return [];
  return describeOwnership(cutover)
    .slice(0, 1)
    .map((said) => `${slice}: ${said}`);
}

function describeAttempt(slice: string, attempt: AttemptView): string {
  const { operation, actor, state, step, failure, newOwner, pauseMs, startedAt, finishedAt } = attempt;
  const name = attempt.dryRun ? `dry run of a ${operation}` : operation;
  const by = `by ${printable(actor)}`;
  switch (state) {
    case 'running':
      return `${name} ${by} under way since ${startedAt}, in step ${step}; watch it: ficus cutover ${slice} --resume`;
    case 'abandoning':
      return `${name} ${by} failed in step ${failure?.step ?? step}, and is being undone`;
    case 'completing':
      return `${name} ${by} is in the journal: the ${newOwner} is the owner, step ${step} is being completed`;
    case 'done': {
      const pause = pauseMs === null ? '' : `; writes waited for at most ${formatMs(pauseMs)}`;
      return `${name} to the ${newOwner} ${by} at ${finishedAt}${pause}`;
    }
    case 'rehearsed':
      return `${name} ${by} at ${finishedAt}: it can be made`;
    case 'abandoned':
      return `${name} ${by} at ${finishedAt} ${howItEnded(attempt)}`;
  }
}

/** What arm finds is a refusal, as in the command: nothing had begun. It may have several reasons. */
function howItEnded({ dryRun, step, failure, refusals }: AttemptView): string {
  const at = failure?.step ?? step;
  const isRefused = at === 'arm';
  const how = isRefused ? 'refused' : `abandoned in step ${at}`;
  const messages =
    isRefused && refusals.length > 0 ? refusals.map(({ message }) => message) : [failure?.message];
  const why = messages.map((message) => printable(message ?? 'no reason is known')).join(' ');
  return dryRun && isRefused ? `says that it would be refused: ${why}` : `${how}: ${why}`;
}
