/**
 * The demo's script: moves the slice through its stages under load and measures what it promised. Stops as soon as the
 * shadow stage finds a mismatch: traffic moves only after parity.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from '../load/tally.ts';
import { type DemoFigures, measuredShare, percentile, type StageFigures } from './demo-figures.ts';
import type { LoadProcess } from './load-process.ts';
import { isExhausted, type MachineLoad } from './machine-load.ts';
import type { Screen } from './screen.ts';
import type { MismatchSample, ParityCounts, SliceControl } from './slice-control.ts';
import { STAGES, type Stage } from './stages.ts';

export interface MigrationOptions {
  readonly control: SliceControl;
  readonly load: LoadProcess;
  readonly screen: Screen;
  readonly machine: MachineLoad;
  /** Seconds that a stage of weight 1 is watched. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

export type MigrationResult =
  | { readonly kind: 'completed'; readonly figures: DemoFigures }
  | { readonly kind: 'mismatch'; readonly count: number; readonly sample: MismatchSample };

const LOOK_EVERY_MS = 250;
/** A flip reaches every proxy within 200 ms: it decides all requests sent later than this. */
const SETTLE_MS = 500;
/** Of a stage's time. */
const WARM_UP_SHARE = 0.25;

/** Runs all stages. @throws when the signal is aborted or a part breaks down */
export async function runMigration(options: MigrationOptions): Promise<MigrationResult> {
  const { control, load, screen } = options;
  const began = Date.now();
  const lags: number[] = [];
  const stages: StageFigures[] = [];
  for (const stage of STAGES) {
    screen.heading(`${stage.name}: ${stage.says}`);
    // Announced before the flip: on the way back users are meant to move, and the first may do so at once.
    load.beginPhase(`towards ${stage.name}`, stage.percentRises);
    await warmUp(stage, options);
    await control.setShadow(stage.shadowPercent, `demo: ${stage.name}`);
    await control.setServe(stage.servePercent, `demo: ${stage.name}`);
    await sleep(SETTLE_MS, undefined, { signal: options.signal });
    load.beginPhase(stage.name, stage.percentRises);
    await watchStage(stage, options, lags);
    const parity = await control.parity();
    if (parity.mismatch > 0 && parity.sample)
      return { kind: 'mismatch', count: parity.mismatch, sample: parity.sample };
    const tally = load.latest();
    if (tally) {
      stages.push(figuresOf(stage, tally));
      screen.say(closeStage(stage, tally, parity));
    }
  }
  const tally = await load.stop();
  const seconds = (Date.now() - began) / 1000;
  screen.heading('verify: both databases, row by row');
  const rows = await control.verify((done, total) =>
    screen.live(`${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rows`),
  );
  const parity = await control.parity();
  return { kind: 'completed', figures: assemble(tally, stages, parity, lags, rows, seconds) };
}

/** At the full rate, a cold service, its copies and their comparison need more than the two cores that they share. */
async function warmUp(stage: Stage, { control, screen, seconds, signal }: MigrationOptions): Promise<void> {
  if (stage.firstShadowPercent === undefined) return;
  screen.say(`  first ${stage.firstShadowPercent} % of them, while the service warms up`);
  await control.setShadow(stage.firstShadowPercent, `demo: ${stage.name}, warming up`);
  await sleep(WARM_UP_SHARE * seconds * 1000, undefined, { signal });
}

/** Longest wait for late reports on a busy machine. */
const PATIENCE_MS = 60_000;

/**
 * Watches the stage for its time, and until the load generator has reported on it: earlier reports belong to another
 * stage. The stage that decides whether traffic moves lasts until there is evidence.
 */
export async function watchStage(
  stage: Stage,
  { control, load, screen, machine, seconds, signal }: MigrationOptions,
  lags: number[],
): Promise<void> {
  const until = Date.now() + stage.weight * seconds * 1000;
  const decides = stage.shadowPercent > 0 && stage.servePercent === 0;
  let isDone = false;
  while (Date.now() < until || (!isDone && Date.now() < until + PATIENCE_MS)) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    const [status, parity] = await Promise.all([control.replication(), control.parity()]);
    lags.push(status.lagMs);
    const tally = load.latest();
    if (tally) screen.live(describeNow(tally, parity, status.lagMs, machine.busyPercent()));
    if (parity.mismatch > 0) return;
    isDone = tally?.phase.name === stage.name && (parity.judged || !decides);
  }
}

/** The most telling facts first: a narrow terminal cuts the last. */
function describeNow(tally: Tally, parity: ParityCounts, lagMs: number, busyPercent?: number): string {
  const compared = parity.match + parity.mismatch;
  const latency = `p50 ${tally.latency.p50.toFixed(1)} p99 ${tally.latency.p99.toFixed(0)} ms`;
  return [
    `${tally.requests.toLocaleString('en-US')} requests`,
    `${tally.failures} failed`,
    `service ${measuredShare(tally).toFixed(1)} %`,
    compared > 0
      ? `parity ${parity.match.toLocaleString('en-US')}/${compared.toLocaleString('en-US')}`
      : 'parity –',
    isExhausted(busyPercent) ? `${latency} (cores ${busyPercent.toFixed(0)} % busy)` : latency,
    `stale ${tally.staleReads}`,
    `lag ${lagMs.toFixed(0)} ms`,
  ].join(' · ');
}

function closeStage(stage: Stage, tally: Tally, parity: ParityCounts): string {
  return `  ${tally.phase.requests.toLocaleString('en-US')} requests, service ${measuredShare(tally)} % (asked ${stage.servePercent} %), ${parity.match.toLocaleString('en-US')} matches so far, ${tally.failures} failures`;
}

function figuresOf(stage: Stage, tally: Tally): StageFigures {
  return {
    stage: stage.name,
    askedPercent: stage.servePercent,
    measuredPercent: measuredShare(tally),
    requests: tally.phase.flagged.legacy + tally.phase.flagged.candidate,
    users: tally.phase.users.legacy + tally.phase.users.candidate,
  };
}

function assemble(
  tally: Tally,
  stages: readonly StageFigures[],
  parity: ParityCounts,
  lags: readonly number[],
  rows: DemoFigures['rows'],
  seconds: number,
): DemoFigures {
  const { match, mismatch, stale, noise, inconclusive } = parity;
  return {
    requests: tally.requests,
    writes: tally.writes,
    requestsPerSecond: tally.requests / seconds,
    failures: tally.failures,
    failureSamples: tally.failureSamples,
    stages,
    usersMovedBack: tally.usersMovedBack,
    readsAfterWrite: tally.readsAfterWrite,
    staleReads: tally.staleReads,
    parity: { match, mismatch, stale, noise, inconclusive },
    lagMs: { p50: percentile(lags, 0.5), p99: percentile(lags, 0.99), samples: lags.length },
    rows,
    seconds,
  };
}
