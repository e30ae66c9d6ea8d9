/** Tells a process from a later one that got its number, and from that of another container. */
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/** This machine or container: in another one, which may have the same name, numbers of processes mean others. */
export async function ownHost(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${namespace}`.trim();
}

/**
 * When a process was started, comparable across restarts of the machine; of one that has ended and whose parent
 * has not waited for it, something else. Undefined where that cannot be read: elsewhere than on Linux, and of what is not there.
 */
export async function startOfProcess(pid: number): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return startIn(await readFile(`/proc/${pid}/stat`, 'utf8'), boot.trim());
  } catch {
    return undefined;
  }
}

/** @param stat of proc_pid_stat(5); its second field, the name in parentheses, may hold spaces and parentheses */
export function startIn(stat: string, boot: string): string {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  return 'ZX'.includes(state) ? 'ended' : `${boot} ${fields[STARTTIME - STATE]}`;
}

/** Numbers of fields there. */
const STATE = 3;
const STARTTIME = 22;

/** @param start of the process that is meant; undefined where it was not known */
export async function isStillRunning(pid: number, start: string | undefined): Promise<boolean> {
  const found = await startOfProcess(pid);
  return start === undefined || found === undefined ? exists(pid) : start === found;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
