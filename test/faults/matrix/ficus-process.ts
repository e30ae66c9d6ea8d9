/** The parent's side of ficus-child: starts it, waits for the step it is trapped at, hits it. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CutoverStep } from '@ficus/core';
import type { ChildOrder, FromChild, ToChild } from './ficus-child.ts';

const START_MS = 60_000;

export class FicusProcess {
  readonly #child: ChildProcess;
  #reached: ((step: CutoverStep) => void) | undefined;
  #address = '';

  constructor(order: ChildOrder) {
    this.#child = fork(join(import.meta.dirname, 'ficus-child.ts'), [JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('error', () => undefined);
  }

  /** Resolves once it listens. */
  static async start(order: ChildOrder): Promise<FicusProcess> {
    const started = new FicusProcess(order);
    const listening = new Promise<void>((resolve, reject) => {
      started.#child.on('message', (message: FromChild) => {
        if (message.type === 'reached') return started.#reached?.(message.step);
        started.#address = message.address;
        resolve();
      });
      started.#child.once('exit', (code) => reject(new Error(`${order.role} ended with ${code}`)));
      setTimeout(() => reject(new Error(`${order.role} does not start`)), START_MS).unref();
    });
    try {
      await listening;
    } catch (error) {
      await started.kill();
      throw error;
    }
    return started;
  }

  get address(): string {
    return this.#address;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Of a proxy. */
  workers(): Promise<readonly number[]> {
    return childrenOf(this.pid);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the next attempt has reached the step, and waits there for `continue`. */
  trap(step: CutoverStep): Promise<CutoverStep> {
    this.#send({ type: 'trap', step });
    return new Promise((resolve) => {
      this.#reached = resolve;
    });
  }

  continue(): void {
    this.#send({ type: 'continue' });
  }

  async kill(): Promise<void> {
    if (!this.alive) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    if (!this.alive) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(killer);
  }

  #send(message: ToChild): void {
    if (this.alive && this.#child.connected) this.#child.send(message, () => undefined);
  }
}

async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  const lines = stdout.trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([pid, ppid, stat = '']) =>
      Number(ppid) === parent && !stat.startsWith('Z') ? [Number(pid)] : [],
    );
}
