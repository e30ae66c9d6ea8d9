/**
 * One of the two processes of `ficus up`: started, restarted when it exits unexpectedly, stopped on request. The
 * channel is its lifeline: when `ficus up` ends, for whatever reason, it closes, and the process stops by itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConfigRefusal, type FicusConfig, FicusError } from '@ficus/core';
import type { Logger } from 'pino';
import { decidePause } from './decide-pause.ts';
import type { FromProcess, ProcessName, ToProcess } from './process-messages.ts';

interface ProcessHooks {
  /** Its initial config: the newest valid one. */
  readonly config: () => FicusConfig;
  /** What was refused since that config. */
  readonly refusal: () => ConfigRefusal | null;
  /** Sent when it is loaded; it starts after this resolves. */
  readonly mayBegin: Promise<unknown>;
  readonly onMessage: (message: FromProcess) => void;
  /** It exited unexpectedly before it ever listened; it is restarted nevertheless. */
  readonly onFailedStart: (error: FicusError) => void;
  /** `ficus up` is to stop, perhaps before this process is asked to. */
  readonly isStopping: () => boolean;
  /** How long a stop may take. */
  readonly stopMs: () => number;
  readonly logger: Logger;
}

type State =
  | { readonly kind: 'running'; readonly child: ChildProcess }
  | { readonly kind: 'pausing'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'stopping'; readonly child: ChildProcess; readonly kill: NodeJS.Timeout }
  | { readonly kind: 'ended'; readonly inOrder: boolean };

/** What is known of the current child. */
interface Life {
  readonly startedAtMs: number;
  /** Loaded: from here on SIGTERM stops it in order. */
  ready: boolean;
  begun: boolean;
  listened: boolean;
  /** Processes that it has started itself. */
  workers: readonly number[];
  failure: FicusError | undefined;
  exit: { readonly code: number | null; readonly signal: string | null } | undefined;
}

/** The file beside this one, in the sources as in the built package. */
const PROCESS_MAIN = new URL(`./process-main${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

const forkMain = (name: ProcessName): ChildProcess =>
  fork(PROCESS_MAIN, [name], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });

export class SupervisedProcess {
  readonly #name: ProcessName;
  readonly #hooks: ProcessHooks;
  readonly #forkMain: typeof forkMain;
  readonly #ended = Promise.withResolvers<void>();
  #state: State;
  #life = newLife();
  #shortLives = 0;
  #everListened = false;

  constructor(name: ProcessName, hooks: ProcessHooks, fork = forkMain) {
    this.#name = name;
    this.#hooks = hooks;
    this.#forkMain = fork;
    this.#state = this.#begin();
  }

  /** To the running process; a later one starts with the newest config anyway. */
  send(message: ToProcess): void {
    if (this.#state.kind === 'running' && this.#life.begun && this.#state.child.connected)
      sendTo(this.#state.child, message);
  }

  /** Resolves when it has ended: true if in order. */
  async stop(): Promise<boolean> {
    const state = this.#state;
    if (state.kind === 'pausing') {
      clearTimeout(state.timer);
      this.#end(true);
    } else if (state.kind === 'running') {
      const kill = setTimeout(() => this.kill(), this.#hooks.stopMs());
      this.#state = { kind: 'stopping', child: state.child, kill };
      state.child.kill('SIGTERM');
    }
    await this.#ended.promise;
    return this.#state.kind === 'ended' && this.#state.inOrder;
  }

  /** Ends it at once, with its workers. */
  kill(): void {
    if (this.#state.kind !== 'running' && this.#state.kind !== 'stopping') return;
    this.#state.child.kill('SIGKILL');
    killWorkers(this.#life);
  }

  #begin(): State {
    const life = newLife();
    this.#life = life;
    try {
      return { kind: 'running', child: this.#fork(life) };
    } catch (error) {
      life.failure = this.#unstartable(error);
      return this.#pauseAfter(life);
    }
  }

  #fork(life: Life): ChildProcess {
    const child = this.#forkMain(this.#name);
    child.on('message', (message: FromProcess) => void this.#take(child, life, message));
    child.on('error', (error) => {
      if (child.pid !== undefined) {
        this.#hooks.logger.error({ err: error, process: this.#name }, 'process failed');
        return;
      }
      // It never existed: no `exit` follows.
      life.failure = this.#unstartable(error);
      this.#gone(life);
    });
    // Its end may be noticed before its last message is read.
    const settle = () => {
      if (life.exit && !child.connected) this.#gone(life);
    };
    child.on('disconnect', settle);
    child.on('exit', (code, signal) => {
      life.exit = { code, signal };
      settle();
    });
    return child;
  }

  async #take(child: ChildProcess, life: Life, message: FromProcess): Promise<void> {
    switch (message.kind) {
      case 'ready':
        life.ready = true;
        await this.#hooks.mayBegin;
        if (this.#state.kind !== 'running' || !child.connected) return;
        life.begun = true;
        sendTo(child, { kind: 'start', config: this.#hooks.config() });
        sendTo(child, { kind: 'refused', refusal: this.#hooks.refusal() });
        break;
      case 'listening':
        life.listened = true;
        this.#everListened = true;
        break;
      case 'failed':
        life.failure = new FicusError(message.code, message.message);
        break;
      case 'workers':
        life.workers = message.pids;
        break;
      case 'waiting':
        break;
    }
    this.#hooks.onMessage(message);
  }

  #gone(life: Life): void {
    // Otherwise it has ended them itself, or has seen them end.
    if (life.exit?.signal) killWorkers(life);
    if (this.#state.kind === 'stopping') {
      clearTimeout(this.#state.kill);
      this.#end(endedInOrder(life));
      return;
    }
    if (this.#state.kind !== 'running') return;
    // A supervisor may send SIGTERM to all processes at once.
    if (this.#hooks.isStopping() && (!life.ready || endedInOrder(life))) this.#end(endedInOrder(life));
    else this.#state = this.#pauseAfter(life);
  }

  #pauseAfter(life: Life): State {
    if (wasInterrupted(life)) {
      this.#hooks.logger.debug(
        { process: this.#name, ...life.exit },
        'process was interrupted: restarting it',
      );
      return this.#restartIn(0);
    }
    const { shortLives, pauseMs } = decidePause(this.#shortLives, {
      listened: life.listened,
      livedMs: performance.now() - life.startedAtMs,
    });
    this.#shortLives = shortLives;
    const reason = life.failure && { code: life.failure.code, reason: life.failure.message };
    this.#hooks.logger.error(
      { process: this.#name, status: life.exit?.code, signal: life.exit?.signal, ...reason, pauseMs },
      'process exited unexpectedly: restarting it',
    );
    if (!this.#everListened) this.#hooks.onFailedStart(life.failure ?? unexplained(this.#name, life));
    return this.#restartIn(pauseMs);
  }

  #restartIn(pauseMs: number): State {
    const timer = setTimeout(() => {
      this.#state = this.#begin();
    }, pauseMs);
    return { kind: 'pausing', timer };
  }

  #unstartable(error: unknown): FicusError {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The process ficus ${this.#name} cannot be started: ${reason}.`;
    return new FicusError('FICUS_INTERNAL', message, { cause: error });
  }

  #end(inOrder: boolean): void {
    if (!inOrder) {
      const { code: status, signal } = this.#life.exit ?? {};
      this.#hooks.logger.error({ process: this.#name, status, signal }, 'process did not stop in order');
    }
    this.#state = { kind: 'ended', inOrder };
    this.#ended.resolve();
  }
}

/** One that is just exiting gets no message any more, and its exit says more than that. */
const sendTo = (child: ChildProcess, message: ToProcess): void => void child.send(message, () => undefined);

/**
 * One that failed before it listened had nothing to stop; before it is ready, a signal simply ends it, or what Node makes of
 * the signal while it boots. After that, SIGTERM ends only one that has stopped and is exiting: it came twice.
 */
function endedInOrder({ exit, ready, listened, failure }: Life): boolean {
  if (failure && !listened) return true;
  if (exit?.code === 0 || exit?.signal === 'SIGTERM') return true;
  return !ready && Boolean(exit?.signal) && exit?.signal !== 'SIGKILL';
}

/**
 * A terminal sends these to all processes at once, and only `ficus up` acts on them; a process that was just forked cannot
 * ignore them yet (`supervisor.ts`).
 */
const OF_THE_TERMINAL: ReadonlySet<string | null | undefined> = new Set(['SIGINT', 'SIGHUP']);

const wasInterrupted = ({ exit, ready }: Life): boolean => !ready && OF_THE_TERMINAL.has(exit?.signal);

/** They exit when their parent does, except one that hangs: it would keep the port. */
function killWorkers(life: Life): void {
  for (const pid of life.workers) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  // The system gives the ids to other processes.
  life.workers = [];
}

function newLife(): Life {
  return {
    startedAtMs: performance.now(),
    ready: false,
    begun: false,
    listened: false,
    workers: [],
    failure: undefined,
    exit: undefined,
  };
}

function unexplained(name: ProcessName, { exit }: Life): FicusError {
  const how = exit?.signal ?? `exit status ${exit?.code}`;
  return new FicusError('FICUS_INTERNAL', `The process ficus ${name} exited before it listened (${how}).`);
}
