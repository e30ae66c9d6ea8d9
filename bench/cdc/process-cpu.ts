import { readFileSync } from 'node:fs';

/** Milliseconds per jiffy: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** User and system time of a process so far; 0 where there is no /proc. */
export function processCpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}
