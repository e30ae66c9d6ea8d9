/** Hits a victim, and brings it back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Side } from '@ficus/core';
import { type Cell, fromOf, stopMs, toOf } from './cells.ts';
import type { Place, Stage } from './stage.ts';

/** Resolves once the victim is back. */
export type Recovery = () => Promise<void>;

/** Of the two proxies, the one that is hit. */
const HIT = 0;
/** Suspended processes, which no SIGTERM ends. */
const suspended = new Set<number>();

/** @returns when it has been hit: what brings it back */
export async function strike(stage: Stage, cell: Cell): Promise<Recovery> {
  switch (cell.victim) {
    case 'coordinator':
      return hit([stage.control.pid], cell, async () => {
        await stage.control.kill();
        return () => stage.startControl();
      });
    case 'proxy':
      return hit([stage.proxies[HIT]!.pid], cell, async () => {
        await stage.proxies[HIT]!.kill();
        return () => stage.startProxy(HIT);
      });
    case 'whole proxy':
      return hit([stage.proxies[HIT]!.pid, ...(await stage.proxies[HIT]!.workers())], cell);
    case 'worker':
      return hit((await stage.proxies[HIT]!.workers()).slice(0, 1), cell, async (pids) => {
        send(pids, 'SIGKILL');
        // Its primary starts another.
        return async () => undefined;
      });
    case 'walsender':
    case 'applier':
      return hitSession(stage, cell);
    case 'legacy db':
      return restart(stage, 'legacy', cell);
    case 'candidate db':
      return restart(stage, 'candidate', cell);
    case 'control db':
      return restart(stage, 'control', cell);
  }
}

/** For the end of a run: what is suspended continues, so that it can end. */
export function continueAll(): void {
  send([...suspended], 'SIGCONT');
  suspended.clear();
}

async function hit(
  pids: readonly number[],
  { signal }: Cell,
  kill: (pids: readonly number[]) => Promise<Recovery> = () => Promise.reject(new Error('only suspended')),
): Promise<Recovery> {
  const forMs = stopMs(signal);
  if (forMs === undefined) return kill(pids);
  for (const pid of pids) suspended.add(pid);
  send(pids, 'SIGSTOP');
  return async () => {
    await sleep(forMs);
    for (const pid of pids) suspended.delete(pid);
    send(pids, 'SIGCONT');
  };
}

async function hitSession(stage: Stage, cell: Cell): Promise<Recovery> {
  const place: Side = cell.victim === 'walsender' ? fromOf(cell) : toOf(cell);
  const isSender = cell.victim === 'walsender' ? '=' : '<>';
  // The stream of this direction, with its sessions of either kind on that server.
  const name = cell.direction === 'forward' ? 'ficus orders' : 'ficus orders back';
  const where = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 AND backend_type ${isSender} 'walsender'`;
  const rows = await stage.query<{ pid: number }>(place, `SELECT pid ${where}`, [name]);
  if (rows.length === 0) throw new Error(`${place} has no session of the stream`);
  return hit(
    rows.map(({ pid }) => pid),
    cell,
    async () => {
      await stage.query(place, `SELECT pg_terminate_backend(pid) ${where}`, [name]);
      return async () => undefined;
    },
  );
}

/** SIGQUIT is `pg_ctl stop -m immediate`, SIGINT `-m fast`: the attempt continues while the server ends. */
async function restart({ clusters }: Stage, place: Place, { signal }: Cell): Promise<Recovery> {
  const cluster = clusters[place];
  const [postmaster] = (await readFile(join(cluster.dataDir, 'postmaster.pid'), 'utf8')).split('\n');
  send([Number(postmaster)], signal === 'crash' ? 'SIGQUIT' : 'SIGINT');
  return async () => {
    await cluster.stop();
    await cluster.restart();
  };
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
}
