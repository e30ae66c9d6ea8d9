/** `ficus up` between two backends, with its control plane's database on a cluster that the test may kill. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Backend, startBackend } from '../integration/proxy/rig.ts';
import { FICUS, type RunningCommand, startCommand } from './run-command.ts';

export interface UpRig {
  readonly legacy: Backend;
  readonly candidate: Backend;
  readonly configFile: string;
  /** Writes the config; the route `list` of the slice `notes` has this path. */
  write(path?: string): Promise<void>;
  start(environment?: Record<string, string>): RunningCommand;
  close(): Promise<void>;
}

/** @param controlPort 0 for any */
export async function makeUpRig(folder: string, databaseUrl: string, controlPort = 0): Promise<UpRig> {
  const [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  const configFile = join(folder, 'ficus.yaml');
  const write = (path = '/api/notes') =>
    writeFile(
      configFile,
      `version: 1
proxy: { listen: "127.0.0.1:0", workers: 1, expose: true, identify: { user: { cookie: sid } } }
control: { listen: "127.0.0.1:${controlPort}", database: "${databaseUrl}" }
legacy: { url: "${legacy.url}" }
slices:
  notes:
    candidate: { url: "${candidate.url}" }
    routes: [{ id: list, methods: [GET], path: ${path} }]
`,
    );
  await write();
  return {
    legacy,
    candidate,
    configFile,
    write,
    start: (environment = {}) => startCommand([FICUS, 'up', '--config', configFile], environment),
    close: async () => {
      await Promise.all([legacy.close(), candidate.close()]);
    },
  };
}

/** A log line's field, once the line is there. */
export async function fieldOf(running: RunningCommand, message: string, field: string): Promise<string> {
  const pattern = new RegExp(`^.*"msg":"${message}".*$`, 'm');
  const line = pattern.exec(await running.until(pattern))?.[0] ?? '{}';
  return String((JSON.parse(line) as Record<string, unknown>)[field]);
}

/** Ids of a process's children. Linux. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** The child that runs the proxy, or the control plane. */
export async function childNamed(pid: number, name: 'proxy' | 'control'): Promise<number | undefined> {
  for (const child of await childrenOf(pid)) {
    const title = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (title.startsWith(`ficus ${name}`)) return child;
  }
  return undefined;
}

/** Whether a process is alive, and not one that has ended and was not reaped yet. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/\) [ZX] /.test(stat);
}
