/** The load generator's process, seen from the benchmark. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { WriteRecord } from '../../../sample/load/write-record.ts';
import type { FromLoad, LoadSettings, ToLoad } from './load-messages.ts';
import type { ReadRecord } from './read-record.ts';

export interface LoadRecords {
  readonly writes: readonly WriteRecord[];
  readonly reads: readonly ReadRecord[];
}

export interface Load {
  /** Rejects when the load breaks down. */
  readonly brokeDown: Promise<never>;
  /** Lets requests under way end; returns what all clients saw. */
  stop(): Promise<LoadRecords>;
  /** Ends it at once; for failures. */
  kill(): void;
}

export async function startLoad(settings: LoadSettings): Promise<Load> {
  const child = fork(join(import.meta.dirname, 'load-process.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const say = (message: ToLoad) => child.send(message);
  const writes: WriteRecord[] = [];
  const reads: ReadRecord[] = [];
  const running = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  child.on('exit', (code) => broken.reject(new Error(`the load generator ended (exit status ${code})`)));
  child.on('message', (message: FromLoad) => {
    switch (message.type) {
      case 'running':
        return running.resolve();
      case 'writes':
        return void writes.push(...message.records);
      case 'reads':
        return void reads.push(...message.records);
      case 'stopped':
        return stopped.resolve();
      case 'failed':
        return broken.reject(new Error(`the load generator failed: ${message.message}`));
    }
  });
  say({ type: 'start', settings });
  await Promise.race([running.promise, broken.promise]);
  return {
    brokeDown: broken.promise,
    stop: async () => {
      say({ type: 'stop' });
      await Promise.race([stopped.promise, broken.promise]);
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
      return { writes, reads };
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
