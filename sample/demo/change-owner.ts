/**
 * A cutover or a rollback of the slice's writes, by the commands that users have: who else writes is known, both databases
 * are compared, the right to write moves. One that is refused or abandoned is repeated, and counted.
 */
import type { AttemptView } from '@ficus/contract';
import { type ClientPause, clientPause } from '../audit/client-pause.ts';
import type { Window } from '../audit/longest-gap.ts';
import { isOrder } from '../load/write-keys.ts';
import { windowOf } from './attempt-window.ts';
import { compareRows } from './compare-rows.ts';
import type { ChangeFigures, ChangeOperation } from './demo-figures.ts';
import { type DemoRun, showLoadDuring } from './demo-run.ts';
import { untilReady } from './until-ready.ts';

/** An attempt that a busy machine makes too slow is made again, for so long. */
const PATIENCE_MS = 300_000;

export async function changeOwner(operation: ChangeOperation, run: DemoRun): Promise<ChangeFigures> {
  const { control, screen, machine } = run;
  const failures: string[] = [];
  const windows: Window[] = [];
  const deadline = performance.now() + PATIENCE_MS;
  for (let attempts = 1; ; attempts += 1) {
    await untilReady(operation, run);
    await compareRows(run);
    screen.say(`  $ ficus ${operation} notifications --reason demo`);
    const status = await showLoadDuring(run.ficus(operation, 'notifications', '--reason', 'demo'), run);
    const { attempt } = await control.cutover();
    if (status > 1 || attempt?.operation !== operation)
      throw new Error(`ficus ${operation} could not be carried out (exit status ${status})`);
    const window = windowOf(attempt);
    if (window) windows.push(window);
    const isDone = status === 0 && attempt.state === 'done';
    if (!isDone) failures.push(describeFailure(attempt));
    if (isDone || performance.now() > deadline) {
      const clients = await pauseOf(windows, run);
      if (isDone) screen.say(describePause(attempt.pauseMs, clients));
      return {
        ...figuresOf(attempt),
        ...{ isDone, attempts, failures, clients, busyPercent: machine.busyPercent() ?? null },
      };
    }
    screen.say(
      `  Everything is as before. The demo waits until a ${operation} is possible, and tries again.`,
    );
  }
}

async function pauseOf(windows: readonly Window[], { load }: DemoRun): Promise<ClientPause> {
  const writes = (await load.writes()).filter(({ key }) => !isOrder(key));
  const pauses = windows.map((window) => clientPause(writes, window));
  const most = (of: (pause: ClientPause) => number) => Math.max(0, ...pauses.map(of));
  return {
    writes: most((pause) => pause.writes),
    slowestMs: most((pause) => pause.slowestMs),
    longestGapMs: most((pause) => pause.longestGapMs),
  };
}

const describePause = (pauseMs: number | null, { slowestMs }: ClientPause): string =>
  `  The proxies held writes for ${Math.round(pauseMs ?? 0)} ms; the slowest write of a client took ${Math.round(slowestMs)} ms.`;

const describeFailure = ({ state, failure, step }: AttemptView): string =>
  `${failure?.step === 'arm' ? 'refused' : state} in step ${failure?.step ?? step}: ${failure?.message ?? ''}`;

const figuresOf = ({ operation, epoch, pauseMs, steps }: AttemptView) => ({
  ...{ operation, epoch, pauseMs },
  stepsMs: Object.fromEntries(steps.map(({ step, ms }) => [step, ms])),
});
