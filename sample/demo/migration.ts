/**
 * The demo's script: moves the slice under load, first its reads, then its writes, and back or to the end, and measures
 * what was promised. Stops as soon as the shadow stage finds a mismatch: traffic moves only after parity.
 */
import { assembleFigures, type Findings } from './assemble-figures.ts';
import { lookUpEverywhere, lookUpOnLegacy } from './audit-sides.ts';
import { changeOwner } from './change-owner.ts';
import { compareRows } from './compare-rows.ts';
import type { DemoFigures } from './demo-figures.ts';
import type { DemoRun } from './demo-run.ts';
import { runStage } from './run-stage.ts';
import { showSideDoor } from './side-door.ts';
import type { MismatchSample, ParityCounts } from './slice-control.ts';
import { CUTOVER_STAGE, LEGACY_STAGE, READ_STAGES, RETIRED_STAGE, type Stage } from './stages.ts';

export type MigrationResult =
  | { readonly kind: 'completed'; readonly figures: DemoFigures }
  | { readonly kind: 'mismatch'; readonly count: number; readonly sample: MismatchSample };

/** @throws when the signal is aborted or a part breaks down */
export async function runMigration(run: DemoRun, ending: DemoFigures['ending']): Promise<MigrationResult> {
  const began = Date.now();
  const found: Findings = { ending, stages: [], changes: [], lags: [], sideDoor: null, retired: false };
  for (const stage of READ_STAGES) {
    const { mismatch, sample } = await watch(stage, run, found);
    if (mismatch > 0 && sample) return { kind: 'mismatch', count: mismatch, sample };
  }
  const isCutOver = await cutOver(run, found);
  if (isCutOver && ending === 'retire') await retire(run, found);
  else {
    if (isCutOver) await rollBack(run, found);
    await watch(LEGACY_STAGE, run, found);
  }
  const { tally, writes } = await run.load.stop();
  const seconds = (Date.now() - began) / 1000;
  if (!found.rows) {
    run.screen.heading('verify: both databases, row by row, and every acknowledged write by its key');
    found.rows = await compareRows(run);
  }
  const lookUps = await lookUpEverywhere(writes, run, found.onLegacy);
  const parity = await run.control.parity();
  return {
    kind: 'completed',
    figures: assembleFigures({ ...found, rows: found.rows, tally, writes, lookUps, parity, seconds }),
  };
}

async function watch(stage: Stage, run: DemoRun, found: Findings): Promise<ParityCounts> {
  const { figures, parity } = await runStage(stage, run, found.lags);
  if (figures) found.stages.push(figures);
  return parity;
}

/** Returns whether the service owns the writes. */
async function cutOver(run: DemoRun, found: Findings): Promise<boolean> {
  const { screen, load } = run;
  screen.heading('cutover: the right to write moves to the service, together with the tables');
  screen.say(
    '  For a moment the proxies hold new writes, until one database takes none any more and the other has all.',
  );
  load.beginPhase('towards cutover', true, 'writing');
  await run.control.setShadow(0, 'demo: cutover');
  const change = await changeOwner('cutover', run);
  found.changes.push(change);
  if (!change.isDone) return false;
  screen.say(
    '  Writes now go to the service; the monolith’s tables are fenced; the stream back keeps them in step.',
  );
  found.sideDoor = await showSideDoor(run);
  await watch(CUTOVER_STAGE, run, found);
  return true;
}

async function rollBack(run: DemoRun, found: Findings): Promise<void> {
  run.screen.heading('rollback: the right to write moves back, with everything that the service has taken');
  run.screen.say('  The same steps, with the sides exchanged.');
  const change = await changeOwner('rollback', run);
  found.changes.push(change);
  if (change.isDone)
    run.screen.say(
      '  Writes go to the monolith again; the service’s tables are fenced, and follow as before.',
    );
}

async function retire(run: DemoRun, found: Findings): Promise<void> {
  const { screen } = run;
  screen.heading('retire: the way back is not needed any more');
  found.rows = await compareRows(run);
  found.onLegacy = await lookUpOnLegacy(await run.load.writes(), run);
  const command = ['retire', 'notifications', '--yes', '--reason', 'demo'];
  screen.say(`  $ ficus ${command.join(' ')}`);
  found.retired = (await run.ficus(...command)) === 0 && (await run.control.cutover()).retired;
  if (!found.retired) return;
  screen.say('  The service owns the slice for good; the monolith’s rows stay as they are, and fenced.');
  await watch(RETIRED_STAGE, run, found);
}
