/** Waits for what a change of owner needs: writers that are known, streams that keep up. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeOperation } from './demo-figures.ts';
import { type DemoRun, LOOK_EVERY_MS } from './demo-run.ts';

const PATIENCE_MS = 60_000;
/** A cutover wants less than a second. */
const LAG_MS = 500;

/** Says what it waits for. After a minute the attempt itself says what is missing. */
export async function untilReady(
  operation: ChangeOperation,
  { control, screen, signal }: DemoRun,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { missing, text } = await (operation === 'cutover'
      ? lookAtWriters(control)
      : lookAtWayBack(control));
    if (missing !== undefined && performance.now() < deadline) screen.live(`waiting: ${missing}`);
    else return screen.say(`  ${text}`);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

interface Readiness {
  /** What is waited for. */
  readonly missing: string | undefined;
  readonly text: string;
}

async function lookAtWriters(control: DemoRun['control']): Promise<Readiness> {
  const [stream, writers] = await Promise.all([control.replication(), control.writers()]);
  const seconds = (ms: number) => Math.floor(ms / 1_000);
  const text = `Who else writes these tables? Observed for ${seconds(writers.observedMs)} s: ${writers.text.charAt(0).toLowerCase()}${writers.text.slice(1)}`;
  if (stream?.state !== 'streaming')
    return { text, missing: `the stream is ${stream?.state ?? 'not there'}` };
  if (stream.lagMs > LAG_MS) return { text, missing: `the stream is ${Math.round(stream.lagMs)} ms behind` };
  if (writers.answer === 'pass') return { text, missing: undefined };
  const { observedMs, requiredMs, reasons } = writers;
  if (observedMs >= requiredMs) return { text, missing: reasons[0] ?? writers.text };
  const missing = `writers of the tables have been observed for ${seconds(observedMs)} of ${seconds(requiredMs)} s`;
  return { text, missing };
}

async function lookAtWayBack(control: DemoRun['control']): Promise<Readiness> {
  const { answer, text } = await control.wayBack();
  return { text: `The way back: ${text}`, missing: answer === 'pass' ? undefined : text };
}
