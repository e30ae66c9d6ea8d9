/** Lines of an attempt that runs: one for each step that has ended, and what the present one waits for. */
import type { AttemptView } from '@ficus/contract';
import { type CutoverStep, cutoverSteps, printable } from '@ficus/core';
import { counted } from './counted.ts';
import { formatMs } from './format-ms.ts';
import { paint } from './paint.ts';

type StepView = AttemptView['steps'][number];

const MARKS = {
  done: ['green', '✓'],
  failed: ['red', '✗'],
  running: ['cyan', '·'],
  waiting: ['dim', '·'],
  skipped: ['dim', '–'],
} as const;

/** Proxies report what is in flight and held when that decides about a step: afterwards the figures are of the past. */
const COUNTED: ReadonlySet<CutoverStep> = new Set(['lease', 'hold']);

/** `✓ hold       8.1 ms  12 writes held, 0 in flight` */
export function formatStep(
  { step, state, ms, tries = 1 }: StepView,
  { proxies }: Pick<AttemptView, 'proxies'>,
  stream: NodeJS.WriteStream,
): string {
  const [colour, mark] = MARKS[state];
  const waiting = COUNTED.has(step) && proxies.length > 0 ? `  ${writesOf(proxies)}` : '';
  const again = tries > 1 ? `  ${tries} tries` : '';
  return `${paint(colour, mark, stream)} ${step.padEnd(9)} ${(ms === null ? '' : formatMs(ms)).padStart(8)}${again}${waiting}`.trimEnd();
}

/** What the step in progress does or waits for, in one line. */
export function describeRunning({ step, steps, state, proxies }: AttemptView): string {
  if (state === 'abandoning') return `being undone after a failure in step ${step}`;
  const late = proxies.filter((proxy) => keepsWaiting(step, proxy)).map(describeLate);
  if (late.length > 0) return `${step}: waits for ${late.join(', ')}; ${writesOf(proxies)}`;
  const writes = COUNTED.has(step) && proxies.length > 0 ? ` ${writesOf(proxies)}.` : '';
  const tries = steps.find((one) => one.step === step)?.tries;
  return `${step}${tries === undefined ? '' : ` (try ${tries})`}:${writes} ${cutoverSteps[step].means}`;
}

type Proxy = AttemptView['proxies'][number];

function keepsWaiting(step: CutoverStep, { writes, inFlight }: Proxy): boolean {
  if (step === 'lease') return writes === 'open';
  return step === 'hold' && (writes !== 'held' || inFlight > 0);
}

function describeLate({ proxy, connected, writes, inFlight }: Proxy): string {
  const why =
    writes === 'held' || inFlight > 0
      ? counted(inFlight, 'write')
      : connected
        ? 'not acknowledged'
        : 'not connected';
  return `${printable(proxy)} (${why})`;
}

function writesOf(proxies: readonly Proxy[]): string {
  const sum = (of: 'held' | 'inFlight') => proxies.reduce((total, proxy) => total + proxy[of], 0);
  return `${counted(sum('held'), 'write')} held, ${sum('inFlight').toLocaleString('en-US')} in flight`;
}
