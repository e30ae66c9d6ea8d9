/** The load generator's process, seen from the demo. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FromLoad, LoadSettings, ToLoad } from '../load/load-messages.ts';
import type { Mix } from '../load/mix.ts';
import type { Tally } from '../load/tally.ts';
import type { WriteRecord } from '../load/write-record.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface LoadProcess {
  /** Its last report. */
  latest(): Tally | undefined;
  beginPhase(name: string, percentRises: boolean, mix?: Mix): void;
  /** The slice's writes so far, as clients saw them. */
  writes(): Promise<readonly WriteRecord[]>;
  /** Rejects when it ends unexpectedly. */
  readonly brokeDown: Promise<never>;
  /** Lets requests in progress finish; returns the last tally and all writes. */
  stop(): Promise<{ readonly tally: Tally; readonly writes: readonly WriteRecord[] }>;
  /** Ends it at once; for failures. */
  kill(): void;
}

/** Starts it, logs its users in and lets it run. @throws when the signal is aborted before that */
export async function startLoad(
  settings: LoadSettings,
  onLogin: (done: number, of: number) => void,
  signal: AbortSignal,
): Promise<LoadProcess> {
  const child = fork(join(import.meta.dirname, '..', 'load', 'load-main.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const send = (message: ToLoad) => {
    // Its end is reported by `brokeDown`.
    if (child.connected) child.send(message);
  };
  let latest: Tally | undefined;
  const stopped = Promise.withResolvers<{ tally: Tally; writes: readonly WriteRecord[] }>();
  const asking: ((writes: readonly WriteRecord[]) => void)[] = [];
  let asked = false;
  const brokeDown = new Promise<never>((_, reject) => {
    child.on('exit', (code, killedBy) => {
      if (!asked)
        reject(new Error(`the load generator exited unexpectedly (${killedBy ?? `exit status ${code}`})`));
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
        case 'writes':
          return asking.shift()?.(message.writes);
        case 'stopped':
          latest = message.tally;
          return stopped.resolve(message);
        case 'failed':
          return reject(new Error(`the load generator failed: ${message.message}`));
      }
    });
  });
  send({ type: 'start', settings });
  try {
    await unlessAborted(Promise.race([running, brokeDown]), signal);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    latest: () => latest,
    brokeDown,
    beginPhase: (name, percentRises, mix = 'everyday') => send({ type: 'phase', name, percentRises, mix }),
    writes: () => {
      send({ type: 'writes' });
      return new Promise((resolve) => asking.push(resolve));
    },
    stop: async () => {
      send({ type: 'stop' });
      const { tally, writes } = await stopped.promise;
      asked = true;
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
      return { tally, writes };
    },
    kill: () => child.kill('SIGKILL'),
  };
}
