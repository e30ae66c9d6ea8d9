/** What a running demo is made of. Several may run at the same time: each has a folder of its own. Linux. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './run-command.ts';
import { childrenOf } from './up-rig.ts';

export async function descendantsOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

/** The first whose command line matches. */
export async function findProcess(pids: readonly number[], command: RegExp): Promise<number> {
  for (const pid of pids) if (command.test(await commandOf(pid))) return pid;
  throw new Error(`no process has the command ${command}`);
}

/** Of a demo whose PostgreSQL runs, from its data directory. @returns an absolute path */
export async function demoFolder(demo: number): Promise<string> {
  const postgres = await findProcess(await descendantsOf(demo), /postgres -D/);
  const name = /\.ficus\/(demo-[^/ ]+)\//.exec(await commandOf(postgres))?.[1];
  if (name === undefined) throw new Error('PostgreSQL’s data is not in a folder of a demo');
  return join(ROOT, '.ficus', name);
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function commandOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
}
