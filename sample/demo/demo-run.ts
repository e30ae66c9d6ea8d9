/** What every part of a running demo works with: the shop under load, the control plane, the screen. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sample } from '../whole/bring-up.ts';
import { describeNow } from './describe-now.ts';
import type { LoadProcess } from './load-process.ts';
import type { MachineLoad } from './machine-load.ts';
import type { Screen } from './screen.ts';
import type { SliceControl } from './slice-control.ts';

export interface DemoRun {
  readonly control: SliceControl;
  readonly load: LoadProcess;
  readonly screen: Screen;
  readonly machine: MachineLoad;
  readonly databases: Pick<Sample['databases'], 'shop' | 'notifications'>;
  /** Runs a command as a user types it, each of its lines on the screen. Returns its exit status. */
  ficus(...args: readonly string[]): Promise<number>;
  /** Seconds that a stage of weight 1 is watched. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

export const LOOK_EVERY_MS = 250;

/** Shows the load while the work lasts. */
export async function showLoadDuring<T>(work: Promise<T>, run: DemoRun): Promise<T> {
  let isOver = false;
  const over = work.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  while (!isOver) {
    const [stream, parity] = await Promise.all([run.control.replication(), run.control.parity()]);
    const tally = run.load.latest();
    if (tally && !isOver)
      run.screen.live(describeNow(tally, parity, stream?.lagMs, run.machine.busyPercent()));
    await Promise.race([over, sleep(LOOK_EVERY_MS, undefined, { signal: run.signal })]);
  }
  return work;
}
