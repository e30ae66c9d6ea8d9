/** Starts a sample application as a process, the way a user would, and waits until it says where it listens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type SampleApp = 'legacy-monolith' | 'extracted/notifications';

export interface SampleProcess {
  /** `http://host:port`. */
  readonly address: string;
  /** What it has written to stdout so far, one entry per line. */
  readonly lines: readonly string[];
  readonly child: ChildProcess;
  /** SIGTERM; returns the exit status. */
  stop(): Promise<number | null>;
}

interface SampleExit {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = join(import.meta.dirname, '..', '..');

export type SampleEnvironment = Readonly<Record<string, string>>;

interface ScriptOptions {
  readonly args?: readonly string[];
  readonly environment: SampleEnvironment;
}

/** Resolves once the application listens; rejects with its own message when it exits instead. */
export function startSample(app: SampleApp, environment: SampleEnvironment): Promise<SampleProcess> {
  return startProcess(join(ROOT, app, 'main.ts'), {
    environment: { REMINDER_INTERVAL_MS: '0', ...environment },
  });
}

/** The same for any script whose `listening` line names its address. */
export async function startProcess(script: string, options: ScriptOptions): Promise<SampleProcess> {
  const child = spawnScript(script, options);
  const lines: string[] = [];
  // Not `exit`: its last output may come later.
  const ended = once(child, 'close');
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"msg":"listening"')) resolve((JSON.parse(line) as { address: string }).address);
    });
    ended.then(([status]) => reject(new Error(`${script} ended with ${status}: ${complaint}`)));
  });
  return {
    address,
    lines,
    child,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const [status] = await ended;
      return status as number | null;
    },
  };
}

/** Runs an application that is expected to exit by itself. */
export async function runSample(app: SampleApp, environment: SampleEnvironment): Promise<SampleExit> {
  const child = spawnScript(join(ROOT, app, 'main.ts'), { environment });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [status] = await once(child, 'close');
  return { status: status as number | null, stdout, stderr };
}

function spawnScript(script: string, { args = [], environment }: ScriptOptions): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // An interrupted test run leaves no process behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}
