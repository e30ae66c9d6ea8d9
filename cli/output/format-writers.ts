/** Who writes a slice's tables, for a terminal: the answer, its evidence, and each writer, unexplained ones first. */
import type { WritersView } from '@ficus/contract';
import { formatDuration, printable } from '@ficus/core';
import { counted } from './counted.ts';
import { oneLine } from './one-line.ts';
import { paint } from './paint.ts';

export function formatWriters(view: WritersView): string {
  const { slice, owner, writers } = view;
  const others = view.reasons.filter((reason) => !writers.some((writer) => reason.includes(writer.text)));
  return [
    `${bold(slice)}   writers of its tables; the ${owner} owns them`,
    '',
    line('answer', answerOf(view)),
    ...others.map((reason) => line('', reason)),
    line('observed', observedOf(view)),
    ...(view.observing ? [line('proxies', proxiesOf(view))] : []),
    ...writers.flatMap((writer) => ['', ...formatWriter(writer)]),
    ...(view.unlistedNotes > 0
      ? ['', `  and more writers, with ${counted(view.unlistedNotes, 'note')}`]
      : []),
    ...howToContinue(view),
  ].join('\n');
}

const MARKS = { pass: ['green', '✓'], fail: ['red', '✗'], 'insufficient evidence': ['yellow', '?'] } as const;

function answerOf({ answer, writers, unexplained }: WritersView): string {
  const [colour, mark] = MARKS[answer];
  const found = unexplained === 0 ? `all explained` : `${unexplained} unexplained`;
  const said = answer === 'insufficient evidence' ? 'not enough evidence; ' : '';
  return `${paint(colour, mark, process.stdout)} ${said}${counted(writers.length, 'writer')}, ${found}`;
}

function observedOf({ observing, since, readAt, observedMs, requiredMs }: WritersView): string {
  if (!observing) return 'not now: nothing is recorded';
  const last = readAt === null ? 'not read yet' : `last read at ${readAt}`;
  return `for ${formatDuration(observedMs)}, since ${since}; a cutover needs ${formatDuration(requiredMs)}; ${last}`;
}

function proxiesOf({ proxies: { listed, reporting } }: WritersView): string {
  if (listed === 0) return 'none reports: no write can be explained by a request';
  if (reporting === listed)
    return `${counted(listed, 'proxy', 'proxies')} ${listed === 1 ? 'reports' : 'report'} when requests write`;
  return `only ${reporting} of ${listed} report when requests write`;
}

type Writer = WritersView['writers'][number];

function formatWriter(writer: Writer): string[] {
  const { side, user, application, address, explained, text, statements, tables, sample, declare } = writer;
  const [colour, mark] = explained ? MARKS.pass : MARKS.fail;
  const name = application === '' ? '(no application_name)' : application;
  const what = `${statements.join(', ')} on ${tables.join(', ')}`;
  const sessions = writer.sessions >= 100 ? '100 sessions or more' : counted(writer.sessions, 'session');
  return [
    `  ${paint(colour, mark, process.stdout)} ${bold(printable(name))} as ${printable(user)}, ${address ?? 'local socket'}, on the ${side}`,
    detail(text),
    detail(`${printable(what)} · ${sessions} · ${writer.firstSeenAt} to ${writer.lastSeenAt}`),
    ...(sample === '' ? [] : [detail(printable(sample))]),
    ...(declare === null ? [] : [detail(bold(printable(declare)))]),
  ];
}

function howToContinue(view: WritersView): string[] {
  if (!view.observing) return ['', `  Begin to record: ficus writers ${view.slice} --observe`];
  return [...howToDeclare(view), ...whenToLook(view)];
}

function whenToLook({ slice, since, observedMs, requiredMs }: WritersView): string[] {
  if (since === null || observedMs >= requiredMs) return [];
  const from = new Date(Date.parse(since) + requiredMs).toISOString();
  return [
    '',
    `  Who writes is recorded now. A cutover needs ${formatDuration(requiredMs)} of it, and your jobs should have run once each; look after ${from}: ficus writers ${slice}`,
  ];
}

function howToDeclare({ slice, writers }: WritersView): string[] {
  if (!writers.some(({ declare }) => declare !== null)) return [];
  return [
    '',
    `  What may write: put its line under slices.${slice}.writers of ficus.yaml, and say why. Its \`via\` is guessed from times:`,
    '  proxy is for the pool of the monolith or the service, other for jobs and people, also while requests write without a pause',
  ];
}

const line = (name: string, text: string) => `  ${name.padEnd(10)}${oneLine(text)}`;
const detail = (text: string) => `      ${oneLine(text)}`;
const bold = (text: string) => paint('bold', text, process.stdout);
