/** How busy this machine's cores are. The demo's times depend on it: all parts and the load share the machine. */
import { type CpuInfo, cpus } from 'node:os';

export interface MachineLoad {
  /** Percent of all cores' time, since the last sample, at least a second ago; undefined where the system does not tell. */
  busyPercent(): number | undefined;
}

const WINDOW_MS = 1000;

export function watchMachine(
  look: () => readonly CpuInfo[] = cpus,
  now: () => number = Date.now,
): MachineLoad {
  let since = { at: now(), ...times(look()) };
  let busy: number | undefined;
  return {
    busyPercent() {
      if (now() - since.at < WINDOW_MS) return busy;
      const { total, idle } = times(look());
      const passed = total - since.total;
      busy = passed > 0 ? 100 * (1 - (idle - since.idle) / passed) : undefined;
      since = { at: now(), total, idle };
      return busy;
    },
  };
}

function times(cores: readonly CpuInfo[]): { readonly total: number; readonly idle: number } {
  let [total, idle] = [0, 0];
  for (const core of cores) {
    idle += core.times.idle;
    for (const milliseconds of Object.values(core.times)) total += milliseconds;
  }
  return { total, idle };
}

/** From here on requests wait for a core, and a latency says more about the machine than about the proxy. */
const EXHAUSTED_PERCENT = 95;

export const isExhausted = (busyPercent: number | undefined): busyPercent is number =>
  busyPercent !== undefined && busyPercent >= EXHAUSTED_PERCENT;
