/** `ficus control` and `ficus proxy` as users start them: processes of their own, from one config file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announced, type RunningProcess, startProcess } from '../../proxy/running-process.ts';
import { type FicusLog, readLog } from './ficus-log.ts';

const FICUS = join(import.meta.dirname, '..', '..', '..', 'cli', 'bin', 'ficus.js');

export interface FicusProcesses {
  readonly control: string;
  readonly proxies: readonly string[];
  stop(): Promise<void>;
}

/** @param log gets every warning and error that a process logs */
export async function startFicus(document: object, proxies: number, log: FicusLog): Promise<FicusProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-bench-cutover-'));
  const started: RunningProcess[] = [];
  const start = async (command: 'control' | 'proxy', name: string): Promise<string> => {
    // Each has its own: a command records beside its config where it runs.
    const file = join(folder, `${name}.yaml`);
    await writeFile(file, JSON.stringify(document));
    let address = '';
    const program = [process.execPath, FICUS, command, '--config', file, '--log-format', 'json'];
    const running = await startProcess(undefined, program, async (child) => {
      child.stdout!.on('data', readLog(name, log));
      ({ address } = await announced<{ address: string }>(child, 'address'));
    });
    started.push(running);
    return address;
  };
  const stop = async () => {
    for (const each of started.reverse()) await each.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const control = await start('control', 'control');
    const addresses: string[] = [];
    for (let number = 1; number <= proxies; number += 1)
      addresses.push(await start('proxy', `proxy ${number}`));
    return { control, proxies: addresses, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
