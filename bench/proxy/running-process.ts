/**
 * A child process of the benchmark, with its descendants: started on one core, measured through /proc, always ended.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** Jiffies per second: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

export interface RunningProcess {
  readonly pid: number;
  /** User and system time of the process and its descendants so far, in milliseconds. */
  cpuMs(): number;
  /** The same per process. */
  cpuMsEach(): ReadonlyMap<number, number>;
  /** Resident memory of the same, in bytes. */
  residentBytes(): number;
  /** Writes to its standard input. */
  say(text: string): void;
  /** Rejects when it exits unexpectedly. */
  readonly died: Promise<never>;
  stop(): Promise<void>;
}

const running = new Set<RunningProcess>();

/** Whether a program can be found. */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

const pins = isInstalled('taskset');

/** The command, pinned to a core where `taskset` is installed. */
export function pinned(core: number | undefined, command: readonly string[]): [string, string[]] {
  const whole = pins && core !== undefined ? ['taskset', '-c', String(core), ...command] : [...command];
  return [whole[0]!, whole.slice(1)];
}

/**
 * Starts a process and waits until it is ready.
 * @param ready resolves once the process serves; its rejection ends the process
 */
export async function startProcess(
  core: number | undefined,
  command: readonly string[],
  ready: (child: ChildProcess) => Promise<void>,
): Promise<RunningProcess> {
  const [program, parameters] = pinned(core, command);
  const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin!.on('error', () => {});
  let complaint = '';
  child.stderr!.on('data', (piece) => {
    complaint = `${complaint}${piece}`.slice(-2000);
  });
  const died = once(child, 'exit').then((): never => {
    throw new Error(`${command.join(' ')} exited: ${complaint.trim() || 'no output'}`);
  });
  died.catch(() => {});
  const started: RunningProcess = {
    pid: child.pid!,
    died,
    say: (text) => child.stdin!.write(text),
    cpuMs: () => sumOver(child.pid!, cpuOf),
    cpuMsEach: () => new Map([child.pid!, ...descendants(child.pid!)].map((pid) => [pid, cpuOf(pid)])),
    residentBytes: () => sumOver(child.pid!, residentOf),
    stop: async () => {
      running.delete(started);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 2000);
      await once(child, 'exit');
      clearTimeout(killer);
    },
  };
  running.add(started);
  try {
    await Promise.race([ready(child), died]);
  } catch (error) {
    await started.stop();
    throw error;
  }
  return started;
}

/** Ends whatever is still running. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((each) => each.stop()));
}

/** Resolves with the first JSON line on stdout that has the key. */
export function announced<T>(child: ChildProcess, key: string): Promise<T> {
  return new Promise((resolve) => {
    let text = '';
    const listen = (piece: Buffer): void => {
      text += piece.toString();
      for (const line of text.split('\n').slice(0, -1)) {
        if (!line.startsWith('{')) continue;
        const parsed = JSON.parse(line) as Record<string, unknown>;
        if (key in parsed) {
          child.stdout!.removeListener('data', listen);
          child.stdout!.resume();
          resolve(parsed as T);
          return;
        }
      }
      text = text.slice(text.lastIndexOf('\n') + 1);
    };
    child.stdout!.on('data', listen);
  });
}

function sumOver(root: number, read: (pid: number) => number): number {
  let sum = 0;
  for (const pid of [root, ...descendants(root)]) sum += read(pid);
  return sum;
}

function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(Number(name));
    if (fields) parents.set(Number(name), Number(fields[1]));
  }
  const found: number[] = [];
  for (const [pid] of parents) {
    for (let up = parents.get(pid); up !== undefined && up > 1; up = parents.get(up)) {
      if (up === root) {
        found.push(pid);
        break;
      }
    }
  }
  return found;
}

/** Fields of /proc/PID/stat after the name, which may hold spaces. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function cpuOf(pid: number): number {
  const fields = statOf(pid);
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function residentOf(pid: number): number {
  const fields = statOf(pid);
  return fields === undefined ? 0 : Number(fields[21]) * 4096;
}
