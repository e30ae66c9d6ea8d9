/**
 * `ficus up`, seen from a process that it started. Ctrl-C and SIGHUP reach the whole process group: `ficus up` decides
 * what happens then, and sends SIGTERM. Without `ficus up` the process stops in order, too.
 */
import type { ConfigRefusal, FicusConfig } from '@ficus/core';
import { type FromProcess, type ProcessName, stopLimitMs, type ToProcess } from './process-messages.ts';

export interface Supervisor {
  /** The initial config; undefined when the stop came first. */
  readonly first: Promise<FicusConfig | undefined>;
  /** Aborted at SIGTERM, and when `ficus up` has exited. */
  readonly stopped: AbortSignal;
  /** Aborted at a Ctrl-C, to which `ficus up` answers with the stop, and at the stop. */
  readonly stopping: AbortSignal;
  /** Called with each config after the first. */
  onConfig(listener: (config: FicusConfig) => void): void;
  /** Called with each refusal of a changed file, and with null when a valid one follows. */
  onRefused(listener: (refusal: ConfigRefusal | null) => void): void;
  /** Resolves when the message is sent, or cannot be. */
  send(message: FromProcess): Promise<void>;
  /** Sends nothing any more. */
  close(): void;
}

/** @param name of this process */
export function connectSupervisor(name: ProcessName): Supervisor {
  const stop = new AbortController();
  const first = Promise.withResolvers<FicusConfig | undefined>();
  const listeners: ((config: FicusConfig) => void)[] = [];
  let newest: FicusConfig | undefined;
  let refusal: ConfigRefusal | null = null;
  const refusalListeners: ((refusal: ConfigRefusal | null) => void)[] = [];
  process.on('message', (message: ToProcess) => {
    if (message.kind === 'refused') {
      refusal = message.refusal;
      for (const listener of refusalListeners) listener(refusal);
      return;
    }
    newest = message.config;
    if (message.kind === 'start') first.resolve(message.config);
    else for (const listener of listeners) listener(message.config);
  });
  const stopping = new AbortController();
  stop.signal.addEventListener('abort', () => stopping.abort());
  process.on('SIGINT', () => stopping.abort());
  process.on('SIGHUP', () => undefined);
  process.on('SIGTERM', () => stop.abort());
  const abandoned = () => {
    stop.abort();
    // Without `ficus up` nothing else ends a stop that hangs.
    setTimeout(() => process.exit(3), newest ? stopLimitMs(name, newest) : 0).unref();
  };
  process.on('disconnect', abandoned);
  stop.signal.addEventListener('abort', () => first.resolve(undefined));
  return {
    first: first.promise,
    stopped: stop.signal,
    stopping: stopping.signal,
    onConfig: (listener) => {
      listeners.push(listener);
      if (newest) listener(newest);
    },
    onRefused: (listener) => {
      refusalListeners.push(listener);
      listener(refusal);
    },
    send: (message) =>
      new Promise((resolve) => {
        if (!process.connected) return resolve();
        process.send?.(message, undefined, undefined, () => resolve());
      }),
    close: () => {
      process.off('disconnect', abandoned);
      // `ficus up` waits for the end of this process: what hangs may not keep it alive.
      setTimeout(() => process.exit(), newest ? stopLimitMs(name, newest) : 0).unref();
      if (process.connected) process.disconnect();
    },
  };
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
