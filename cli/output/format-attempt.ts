/** The outcome of a cutover or rollback, for a terminal. */
import type { AttemptView, CutoverView } from '@ficus/contract';
import { cutoverSteps, otherSide, printable } from '@ficus/core';
import { counted } from './counted.ts';
import { formatMs } from './format-ms.ts';
import { oneLine } from './one-line.ts';
import { paint } from './paint.ts';

/** Of an attempt that has ended and was no dry run. The outcome is last: it is not to be looked for above notes. */
export function formatAttempt({ slice }: CutoverView, attempt: AttemptView): string {
  const lines = attempt.state === 'done' ? formatDone(slice, attempt) : formatAbandoned(slice, attempt);
  return [...formatNotes(slice, attempt), ...lines].join('\n');
}

/** In full what is new; the rest was shown by the attempt before, a dry run mostly. */
function formatNotes(slice: string, { notes, asBefore = [] }: AttemptView): string[] {
  const fresh = notes.filter((note) => !asBefore.includes(note)).map(formatNote);
  const known = notes.length - fresh.length;
  return known === 0
    ? fresh
    : [...fresh, formatNote(`${counted(known, 'note')} as before: ficus status ${slice}`)];
}

function formatDone(
  slice: string,
  { operation, newOwner, epoch, pauseMs, noWayBack }: AttemptView,
): string[] {
  const pause = pauseMs === null ? '' : ` Writes waited for at most ${formatMs(pauseMs)}.`;
  const mark = paint('green', '✓', process.stdout);
  return [
    `${mark} The ${newOwner} owns the writes of ${printable(slice)}, epoch ${epoch}.${pause}`,
    ...(operation === 'cutover' ? [`  ${wayBack(slice, noWayBack)}`] : []),
  ];
}

const wayBack = (slice: string, noWayBack: boolean): string =>
  noWayBack
    ? 'There is no way back: what is written from now on is on the candidate alone.'
    : `The way back: ficus rollback ${slice}. For good: ficus retire ${slice}`;

function formatAbandoned(slice: string, attempt: AttemptView): string[] {
  const { operation, newOwner, failure } = attempt;
  const step = failure?.step ?? attempt.step;
  const how = step === 'arm' ? 'refused' : `abandoned in step ${step}`;
  return [
    `${paint('red', '✗', process.stdout)} The ${operation} of ${printable(slice)} was ${how}; the ${otherSide(newOwner)} still owns the writes.`,
    ...formatRefusals(attempt),
  ];
}

/** Each reason with its remedy. */
export function formatRefusals({ failure, refusals }: Pick<AttemptView, 'failure' | 'refusals'>): string[] {
  const mark = paint('red', '✗', process.stdout);
  return reasonsOf({ failure, refusals }).flatMap(({ code, message, remedy }) => [
    `  ${mark} ${oneLine(printable(message))}`,
    `    ${remedy} ${paint('dim', `(${code})`, process.stdout)}`,
  ]);
}

/** The failure of arm is made of its refusals: it is not said twice. */
function reasonsOf({ failure, refusals }: Pick<AttemptView, 'failure' | 'refusals'>) {
  if (failure === null) return refusals;
  return failure.step === 'arm' && refusals.length > 0 ? refusals : [failure];
}

export const formatNote = (note: string): string =>
  `  ${paint('yellow', '!', process.stdout)} ${oneLine(printable(note))}`;

/** What a dry run found: it is made to read all notes, and the answer is last. */
export function formatRehearsal({ slice }: CutoverView, attempt: AttemptView): string {
  const isRefused = attempt.failure !== null;
  return [
    ...attempt.endless.map(formatEndless),
    ...attempt.notes.map(formatNote),
    ...(isRefused ? [] : describeRest(attempt)),
    `  ${LEFT}`,
    '',
    isRefused ? formatRefused(slice, attempt) : formatPossible(slice, attempt),
    ...formatRefusals(attempt),
    ...formatEstimate(attempt),
  ].join('\n');
}

/** What a dry run makes is what the attempt needs, and is kept for it. */
const LEFT =
  'No write was held, and the owner is the same. What was made stays ready: the fences, which let writers pass, and the stream back.';

function formatRefused(slice: string, { operation, failure }: AttemptView): string {
  return `${paint('red', '✗', process.stdout)} A ${operation} of ${printable(slice)} would end in step ${failure!.step}:`;
}

function formatPossible(slice: string, { operation, newOwner, epoch }: AttemptView): string {
  const mark = paint('green', '✓', process.stdout);
  return `${mark} A ${operation} of ${printable(slice)} can be made: the ${newOwner} would own the writes, epoch ${epoch} or higher.`;
}

function formatEndless({ proxy, route, requests }: AttemptView['endless'][number]): string {
  const what = requests === 1 ? '1 write is' : `${requests.toLocaleString('en-US')} writes are`;
  return formatNote(
    `${what} under way on route ${route} of proxy ${proxy} that cannot be held: uploads and streams have 30 s to end before anything is held; while one is left, the attempt is refused.`,
  );
}

/** Measured just now, with nothing held. */
function formatEstimate({ estimate }: AttemptView): string[] {
  if (!estimate) return [];
  const parts = estimate.parts.map(({ part, ms }) => `${part} ${formatMs(ms)}`).join(' · ');
  return [`  pause     writes would wait for about ${formatMs(estimate.pauseMs)}:`, `            ${parts}`];
}

/** The steps that a dry run leaves out. */
function describeRest({ steps }: AttemptView): string[] {
  const rest = steps.filter(({ state }) => state !== 'done' && state !== 'failed');
  return [
    '  What would follow:',
    ...rest.map(({ step }) => `    ${step.padEnd(9)} ${cutoverSteps[step].means}`),
    '',
  ];
}
