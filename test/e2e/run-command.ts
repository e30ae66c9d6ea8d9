/** Runs a command line of the repository until it exits or is stopped, with everything it wrote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { failTheRun } from '../parts/fail-the-run.ts';
import { watchWarnings } from '../parts/node-warnings.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  /** Resolves once standard output holds the text; rejects when the command ends without it. */
  until(text: string | RegExp): Promise<string>;
  /** The same for standard error. */
  untilError(text: string | RegExp): Promise<string>;
  readonly ended: Promise<CommandResult>;
}

/**
 * Starts `node ARGS…` in the repository. The caller ends it: see `stopAll`. A warning of Node, in any of its processes, fails
 * the run.
 * @param ownGroup a terminal would start it so: Ctrl-C is a signal to the group
 */
export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  ownGroup = false,
): RunningCommand {
  const given: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', ...environment };
  const warnings = watchWarnings(given.NODE_OPTIONS ?? '');
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...given, NODE_OPTIONS: warnings.nodeOptions },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
    for (const watcher of watchers) watcher();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
    for (const watcher of watchers) watcher();
  });
  const ended = once(child, 'close').then(async ([status]) => {
    running.delete(child);
    const warned = await warnings.take();
    if (warned !== '') failTheRun(new Error(`${args.join(' ')} was warned by Node:\n${warned}`));
    return { status: status as number | null, stdout, stderr };
  });
  const untilSaid = (read: () => string, text: string | RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (typeof text === 'string' ? read().includes(text) : text.test(read())) {
          watchers.delete(look);
          resolve(read());
        }
      };
      watchers.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without saying ${text}:\n${stdout}\n${stderr}`)));
    });
  return {
    child,
    ended,
    until: (text) => untilSaid(() => stdout, text),
    untilError: (text) => untilSaid(() => stderr, text),
  };
}

/** Runs it to its end. */
export function runCommand(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  return startCommand(args, environment).ended;
}

/** `ficus ARGS…` */
export const FICUS = 'cli/bin/ficus.js';

const running = new Set<ChildProcess>();
const hanging = new Set<number>();

/** Stops a process of a command with SIGSTOP: it hangs, also when its parent ends. */
export function hang(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  hanging.add(pid);
}

function endHanging(): void {
  for (const pid of hanging) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  }
  hanging.clear();
}

/** For afterEach: ends whatever a test left running, even a failed one. */
export async function stopAll(): Promise<void> {
  endHanging();
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
      clearTimeout(timer);
    }),
  );
}
