/** One stage of the demo: its flags are set, and what the users get is watched for its time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from '../load/tally.ts';
import { measuredShare, type StageFigures } from './demo-figures.ts';
import { type DemoRun, LOOK_EVERY_MS } from './demo-run.ts';
import { describeNow } from './describe-now.ts';
import type { ParityCounts } from './slice-control.ts';
import type { Stage } from './stages.ts';

export interface StageResult {
  /** Undefined when no request was counted. */
  readonly figures: StageFigures | undefined;
  readonly parity: ParityCounts;
}

/** A flip reaches every proxy within 200 ms: it decides all requests sent later than this. */
const SETTLE_MS = 500;
/** Of a stage's time. */
const WARM_UP_SHARE = 0.25;

/** @param lags gets the lag of the stream, as often as it is looked at */
export async function runStage(stage: Stage, run: DemoRun, lags: number[]): Promise<StageResult> {
  const { control, load, screen } = run;
  screen.heading(`${stage.name}: ${stage.says}`);
  // Announced before the flip: on the way back users are meant to move, and the first may do so at once.
  load.beginPhase(`towards ${stage.name}`, stage.percentRises, stage.mix);
  await warmUp(stage, run);
  if (!stage.keepsFlags) {
    await control.setShadow(stage.shadowPercent, `demo: ${stage.name}`);
    await control.setServe(stage.servePercent, `demo: ${stage.name}`);
  }
  await sleep(SETTLE_MS, undefined, { signal: run.signal });
  if (!stage.keepsFlags) await untilInForce(stage, run);
  load.beginPhase(stage.name, stage.percentRises, stage.mix);
  await watchStage(stage, run, lags);
  const parity = await control.parity();
  const tally = load.latest();
  if (!tally || parity.mismatch > 0) return { figures: undefined, parity };
  screen.say(closeStage(stage, tally, parity));
  return { figures: figuresOf(stage, tally), parity };
}

/** At the full rate, a cold service, its copies and their comparison need more than the two cores that they share. */
async function warmUp(stage: Stage, { control, screen, seconds, signal }: DemoRun): Promise<void> {
  if (stage.firstShadowPercent === undefined) return;
  screen.say(`  first ${stage.firstShadowPercent} % of them, while the service warms up`);
  await control.setShadow(stage.firstShadowPercent, `demo: ${stage.name}, warming up`);
  await sleep(WARM_UP_SHARE * seconds * 1000, undefined, { signal });
}

/** Longest wait for late reports on a busy machine. */
const PATIENCE_MS = 60_000;

/**
 * On a busy machine a flip arrives late. Where one side serves all users, it is in force when only that one has served
 * between two reports; from then on every read counts.
 */
async function untilInForce({ servePercent }: Stage, { load, signal }: DemoRun): Promise<void> {
  if (servePercent !== 0 && servePercent !== 100) return;
  const [asked, other] =
    servePercent === 0 ? (['legacy', 'candidate'] as const) : (['candidate', 'legacy'] as const);
  const until = Date.now() + PATIENCE_MS;
  let before = load.latest();
  while (Date.now() < until) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    const now = load.latest();
    if (now === before) continue;
    if (now && before && now.phase.name === before.phase.name) {
      const [was, is] = [before.phase.flagged, now.phase.flagged];
      if (is[asked] > was[asked] && is[other] === was[other]) return;
    }
    before = now;
  }
}

/**
 * Watches the stage for its time, and until the load generator has reported on it: earlier reports belong to another
 * stage. The stage that decides whether traffic moves lasts until there is evidence.
 */
export async function watchStage(
  stage: Stage,
  { control, load, screen, machine, seconds, signal }: DemoRun,
  lags: number[],
): Promise<void> {
  const until = Date.now() + stage.weight * seconds * 1000;
  const decides = stage.shadowPercent > 0 && stage.servePercent === 0;
  let isDone = false;
  while (Date.now() < until || (!isDone && Date.now() < until + PATIENCE_MS)) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    const [stream, parity] = await Promise.all([control.replication(), control.parity()]);
    if (stream) lags.push(stream.lagMs);
    const tally = load.latest();
    if (tally) screen.live(describeNow(tally, parity, stream?.lagMs, machine.busyPercent()));
    if (parity.mismatch > 0) return;
    isDone = tally?.phase.name === stage.name && (parity.judged || !decides);
  }
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
