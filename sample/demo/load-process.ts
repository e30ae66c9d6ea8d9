/** The load generator's process, seen from the demo. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FromLoad, LoadSettings, ToLoad } from '../load/load-messages.ts';
import type { Tally } from '../load/tally.ts';

export interface LoadProcess {
  /** Its last report. */
  latest(): Tally | undefined;
  beginPhase(name: string, percentRises: boolean): void;
  /** Rejects when it ends unexpectedly. */
  readonly brokeDown: Promise<never>;
  /** Lets requests in progress finish; returns the last tally. */
  stop(): Promise<Tally>;
  /** Ends it at once; for failures. */
  kill(): void;
}

/** Starts it, logs its users in and lets it run. */
export async function startLoad(
  settings: LoadSettings,
  onLogin: (done: number, of: number) => void,
): Promise<LoadProcess> {
  const child = fork(join(import.meta.dirname, '..', 'load', 'load-main.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const send = (message: ToLoad) => child.send(message);
  let latest: Tally | undefined;
  let finish: (tally: Tally) => void = () => undefined;
  let asked = false;
  const brokeDown = new Promise<never>((_, reject) => {
    child.on('exit', (code) => {
      if (!asked) reject(new Error(`the load generator ended (exit status ${code})`));
    });
  });
  brokeDown.catch(() => undefined);
  const running = new Promise<void>((resolve, reject) => {
    child.on('message', (message: FromLoad) => {
      switch (message.type) {
        case 'logging-in':
          return onLogin(message.done, message.of);
        case 'running':
          return resolve();
        case 'tally':
          latest = message.tally;
          return;
        case 'stopped':
          latest = message.tally;
          return finish(message.tally);
        case 'failed':
          return reject(new Error(`the load generator failed: ${message.message}`));
      }
    });
  });
  send({ type: 'start', settings });
  try {
    await Promise.race([running, brokeDown]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    latest: () => latest,
    brokeDown,
    beginPhase: (name, percentRises) => send({ type: 'phase', name, percentRises }),
    stop: async () => {
      const stopped = new Promise<Tally>((resolve) => {
        finish = resolve;
      });
      send({ type: 'stop' });
      const tally = await stopped;
      asked = true;
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
      return tally;
    },
    kill: () => child.kill('SIGKILL'),
  };
}
