/** The benchmark's handle to the engine's process. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ReplicationOptions } from '@ficus/cdc';
import type { ReplicationStatus } from '@ficus/core';

interface EngineUsage {
  readonly cpuMs: number;
  readonly rss: number;
  readonly peakRss: number;
  readonly status: ReplicationStatus;
}

interface Engine {
  start(): void;
  usage(): Promise<EngineUsage>;
  stop(): Promise<EngineUsage>;
  kill(): void;
}

/** @param programs folder that holds engine-process.ts: this one, or that of another checkout */
export async function launchEngine(
  options: ReplicationOptions,
  programs = import.meta.dirname,
): Promise<Engine> {
  const child = fork(join(programs, 'engine-process.ts'), [JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return {
    start: () => void child.send('start'),
    usage: () => ask(child, 'usage'),
    stop: async () => {
      const last = await ask(child, 'stop');
      if (child.exitCode === null) await once(child, 'exit');
      return last;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

async function ask(child: ChildProcess, what: string): Promise<EngineUsage> {
  child.send(what);
  const [message] = (await once(child, 'message')) as [{ usage: EngineUsage }];
  return message.usage;
}
