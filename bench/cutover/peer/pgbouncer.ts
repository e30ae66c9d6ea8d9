/** A PgBouncer of our own, in transaction pooling, as the recipes demand: its config, its process, its console. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onFreePorts } from '@ficus/tools';
import pg from 'pg';
import { waitForPort } from '../../proxy/ports.ts';
import { isInstalled, type RunningProcess, startProcess } from '../../proxy/running-process.ts';

export const NO_PGBOUNCER = 'pgbouncer is not installed';

/** The database's name for clients. */
const POOL = 'shop';

export interface PgBouncer {
  /** URL for clients, whatever database is behind it. */
  readonly url: string;
  /** Waits until every transaction under way has ended; later ones wait in PgBouncer. */
  pause(): Promise<void>;
  /** Sends later transactions to another database. Until `resume`, none is sent. */
  pointTo(databaseUrl: string): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export function hasPgBouncer(): boolean {
  return isInstalled('pgbouncer');
}

export async function startPgBouncer(databaseUrl: string): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-pgbouncer-'));
  const file = join(folder, 'pgbouncer.ini');
  // It refuses to run as root, and then has to read its file as another user.
  await chmod(folder, 0o755);
  const asUser = process.getuid?.() === 0 ? ['--user', 'nobody'] : [];
  const launched = await onFreePorts(
    1,
    async (port) => {
      await writeFile(file, configFor(databaseUrl, port), { mode: 0o644 });
      const child = await startProcess(undefined, ['pgbouncer', ...asUser, file], () => waitForPort(port));
      return { port, child };
    },
    (error) => String(error).includes('Address already in use'),
  ).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  return openConsole(file, folder, launched);
}

async function openConsole(
  file: string,
  folder: string,
  { port, child }: { readonly port: number; readonly child: RunningProcess },
): Promise<PgBouncer> {
  const address = `postgres://postgres@127.0.0.1:${port}`;
  const console = new pg.Client({ connectionString: `${address}/pgbouncer` });
  console.on('error', () => undefined);
  await console.connect();
  return {
    url: `${address}/${POOL}`,
    pause: async () => void (await console.query(`PAUSE ${POOL}`)),
    pointTo: async (databaseUrl) => {
      await writeFile(file, configFor(databaseUrl, port));
      await console.query('RELOAD');
    },
    resume: async () => void (await console.query(`RESUME ${POOL}`)),
    stop: async () => {
      await console.end().catch(() => undefined);
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configFor(databaseUrl: string, port: number): string {
  const { hostname, port: databasePort, pathname, username } = new URL(databaseUrl);
  return `[databases]
${POOL} = host=${hostname} port=${databasePort} dbname=${pathname.slice(1)} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = 20
max_client_conn = 400
server_tls_sslmode = disable
ignore_startup_parameters = extra_float_digits
`;
}
