/**
 * A child process of the sample: its log goes to a file, its first line says where it listens, and it never outlives
 * us. As with PostgreSQL, a small shell is the lifeline: when our end of its standard input closes, for whatever
 * reason, it sends the child SIGTERM, and later SIGKILL. The child is in a process group of its own, so that Ctrl-C in
 * the terminal reaches only us and we stop things in order.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { openLog } from '@ficus/tools';

export interface ProcessOptions {
  /** Its name in messages. */
  readonly name: string;
  /** Arguments of `node`: the script and its own. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** The `msg` of the line that says it is ready and where; by default `listening`. */
  readonly readyMessage?: string;
  /** Whether a line says that it will not become ready, and why: then it is stopped. */
  readonly givesUp?: (line: string) => string | undefined;
  /** How long the child may take to listen, in milliseconds. */
  readonly startMs?: number;
  /** How long it may take to stop, in seconds. */
  readonly stopSeconds?: number;
}

export interface ManagedProcess {
  readonly name: string;
  /** `http://host:port`, from its `listening` line. */
  readonly address: string;
  /** Everything else in that line. */
  readonly facts: Readonly<Record<string, string>>;
  /** Resolves with the exit status when the child ends by itself or is stopped; children of its own may still run. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
  /** Ends it at once, with all its children; for failures. */
  kill(): Promise<void>;
}

/** The child's own message when it could not start. */
export class ProcessFailed extends Error {
  readonly exitStatus: number;

  constructor(name: string, exitStatus: number, words: string) {
    super(`${name} did not start (exit status ${exitStatus})${words ? `:\n${words}` : ''}`);
    this.name = 'ProcessFailed';
    this.exitStatus = exitStatus;
  }
}

/** Longer than any child drains: one that is still running does not exit by itself. */
const KILL_AFTER_SECONDS = 60;

// Polls each second, so that no long sleep is left behind when the child ends.
const LIFELINE = `exec 3<&0; "$0" "$@" </dev/null & child=$!
{ cat <&3 >/dev/null; kill -TERM $child 2>/dev/null
  for _ in $(seq "$KILL_AFTER_SECONDS"); do sleep 1; kill -0 $child 2>/dev/null || exit; done; kill -KILL $child; } >/dev/null 2>&1 &
wait $child; code=$?; kill $! 2>/dev/null; exit $code`;

/** Starts a child and waits until it listens. */
export async function startProcess(options: ProcessOptions): Promise<ManagedProcess> {
  const log = (await openLog(options.logFile)).createWriteStream();
  // A full disk loses log lines and does not stop the shop.
  log.on('error', () => undefined);
  const shell = spawn('/bin/sh', ['-c', LIFELINE, process.execPath, ...options.args], {
    env: {
      ...process.env,
      ...options.environment,
      KILL_AFTER_SECONDS: String(options.stopSeconds ?? KILL_AFTER_SECONDS),
    },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  shell.stdin.on('error', () => undefined);
  const ended = once(shell, 'exit').then(([code]) => (code as number | null) ?? 1);
  // When no child of its own has its output any more.
  let isClosed = false;
  const closed = once(shell, 'close').then(() => {
    isClosed = true;
    log.end();
  });

  const complaints: string[] = [];
  shell.stderr.on('data', (chunk: Buffer) => {
    log.write(chunk);
    if (complaints.length < 50) complaints.push(chunk.toString());
  });
  const facts = await new Promise<ReadyLine>((resolve, reject) => {
    let failure: ProcessFailed | undefined;
    const giveUp = (status: number, words: string) => {
      failure ??= new ProcessFailed(options.name, status, words);
      shell.stdin.end();
    };
    const timer = setTimeout(
      () => giveUp(1, `it was not ready in time; see ${options.logFile}`),
      options.startMs ?? 60_000,
    );
    createInterface({ input: shell.stdout }).on('line', (line) => {
      log.write(`${line}\n`);
      const found = parseReady(line, options.readyMessage ?? 'listening');
      if (found) {
        clearTimeout(timer);
        resolve(found);
      }
      const words = options.givesUp?.(line);
      if (words) giveUp(3, words);
    });
    void Promise.all([ended, closed]).then(([code]) => {
      clearTimeout(timer);
      reject(failure ?? new ProcessFailed(options.name, code, complaints.join('').trim()));
    });
  });

  return {
    name: options.name,
    address: facts.address,
    facts,
    ended,
    stop: async () => {
      shell.stdin.end();
      await closed;
    },
    kill: async () => {
      if (!isClosed) killGroup(shell.pid!);
      await closed;
    },
  };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface ReadyLine extends Readonly<Record<string, string>> {
  readonly address: string;
}

function parseReady(line: string, message: string): ReadyLine | undefined {
  if (!line.includes(`"${message}"`)) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, string>;
    return entry.msg === message && entry.address ? { ...entry, address: entry.address } : undefined;
  } catch {
    return undefined;
  }
}
