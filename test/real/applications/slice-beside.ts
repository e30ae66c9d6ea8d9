/**
 * A foreign application as the monolith, Ficus in front of it, and a service of ours beside it that answers one of its
 * routes from its own database. Everything on free ports and one embedded PostgreSQL, everything ended by `close`.
 */
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';
import pg from 'pg';
import {
  type CommandResult,
  FICUS,
  type RunningCommand,
  runCommand,
  startCommand,
} from '../../e2e/run-command.ts';
import { fieldOf } from '../../e2e/up-rig.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

/** The application that plays the monolith. */
export interface Application {
  /** Base URL, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface SliceBesideOptions {
  /** Starts the application on its own, empty database. */
  readonly start: (databaseUrl: string, directory: string) => Promise<Application>;
  readonly slice: string;
  /** The service's schema. */
  readonly schema: string;
  /** The slice's `routes` and `tables`, and further parts of the config, as YAML. */
  readonly routes: string;
  readonly tables: string;
  readonly identify: string;
  /** What the service answers to a GET, from its database. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: (service: pg.Pool, url: URL) => Promise<unknown>;
}

export interface SliceBeside {
  readonly application: Application;
  readonly proxyUrl: string;
  /** The application's database, and the service's. */
  readonly legacy: pg.Pool;
  readonly service: pg.Pool;
  /** `ficus ARGS…` with this config. */
  ficus(...args: readonly string[]): Promise<CommandResult>;
  /** Ends Ficus alone. */
  stopFicus(): Promise<CommandResult>;
  close(): Promise<void>;
}

export async function startSliceBeside(options: SliceBesideOptions): Promise<SliceBeside> {
  const directory = await makeTestDirectory(options.slice);
  const ends: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end();
  };
  try {
    const cluster = await startCluster({ dataDir: join(directory, 'data'), settings: { fsync: 'off' } });
    ends.push(() => cluster.stop());
    const [legacy, service] = [await openDatabase(cluster, 'app'), await openDatabase(cluster, 'service')];
    ends.push(() => Promise.all([legacy.end(), service.end()]));
    await cluster.createDatabase('ficus');
    await service.query(options.schema);
    const application = await options.start(cluster.url('app'), directory);
    ends.push(() => application.stop());
    const candidate = await startService(service, options);
    ends.push(() => closeServer(candidate.server));
    const configFile = join(directory, 'ficus.yaml');
    await writeFile(configFile, configOf(options, cluster, application.url, candidate.url, await freePort()));
    const up = startCommand([FICUS, 'up', '--config', configFile]);
    ends.push(() => end(up));
    return {
      application,
      proxyUrl: await fieldOf(up, 'listening', 'address'),
      legacy,
      service,
      ficus: (...args) => runCommand([FICUS, ...args, '--config', configFile]),
      stopFicus: () => end(up),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function configOf(
  { slice, routes, tables, identify }: SliceBesideOptions,
  cluster: EmbeddedCluster,
  legacyUrl: string,
  candidateUrl: string,
  controlPort: number,
): string {
  return `version: 1
proxy: { listen: "127.0.0.1:0", expose: true, identify: ${identify} }
control: { listen: "127.0.0.1:${controlPort}", database: "${cluster.url('ficus')}" }
legacy: { url: "${legacyUrl}", database: "${cluster.url('app')}" }
slices:
  ${slice}:
    candidate: { url: "${candidateUrl}", database: "${cluster.url('service')}" }
    routes: ${routes}
    tables: ${tables}
`;
}

async function openDatabase(cluster: EmbeddedCluster, name: string): Promise<pg.Pool> {
  await cluster.createDatabase(name);
  const pool = new pg.Pool({ connectionString: cluster.url(name), max: 2 });
  // At the end the server may say goodbye before the pool's sockets are closed.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool.on('error', () => undefined);
}

async function startService(
  database: pg.Pool,
  { answer, headers }: SliceBesideOptions,
): Promise<{ server: Server; url: string }> {
  const server = createServer(async (request, response) => {
    const body = JSON.stringify(await answer(database, new URL(request.url!, 'http://service')));
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  if (server.listening) await once(server, 'close');
}

function end(up: RunningCommand): Promise<CommandResult> {
  up.child.kill('SIGTERM');
  return up.ended;
}
