/** The parent's side of engine-child: starts it, receives its status, queries it, kills it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ReplicationOptions } from '@ficus/cdc';
import type { ReplicationStatus } from '@ficus/core';
import type { FromChild, ToChild } from './engine-child.ts';

export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (ok: boolean) => void>();
  #next = 1;
  status: ReplicationStatus | undefined;
  copied = false;

  /** @param environment for instance FICUS_FAILPOINT (die-at-failpoint.ts) */
  constructor(options: ReplicationOptions, environment: Readonly<Record<string, string>> = {}) {
    this.#child = fork(join(import.meta.dirname, 'engine-child.ts'), [JSON.stringify(options)], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('error', () => undefined);
    this.#child.on('message', (message: FromChild) => this.#hear(message));
    this.#child.on('exit', () => {
      for (const resolve of this.#waiting.values()) resolve(false);
      this.#waiting.clear();
    });
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async kill(): Promise<void> {
    if (!this.alive) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  /** Whether the position was applied within the time; false also when the process died. */
  waitForPosition(lsn: string, timeoutMs: number): Promise<boolean> {
    return this.#ask((id) => ({ type: 'wait', id, lsn, timeoutMs }));
  }

  drop(): Promise<boolean> {
    return this.#ask((id) => ({ type: 'drop', id }));
  }

  #ask(make: (id: number) => ToChild): Promise<boolean> {
    if (!this.alive || !this.#child.connected) return Promise.resolve(false);
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send(make(id), (error) => {
        if (error && this.#waiting.delete(id)) resolve(false);
      });
    });
  }

  #hear(message: FromChild): void {
    if (message.type === 'status') {
      this.status = message.status;
      this.copied = message.copied;
      return;
    }
    this.#waiting.get(message.id)?.(message.ok);
    this.#waiting.delete(message.id);
  }
}
