/**
 * Brings the whole sample up, in order: PostgreSQL, schemas and seed, the monolith, the service, Ficus. On any failure
 * or interruption, everything started is stopped again, in reverse order.
 */
import { join } from 'node:path';
import { type EmbeddedCluster, makeDirectory, onFreePorts, startCluster } from '@ficus/tools';
import { applySchema as applyShopSchema, isSeeded, seed } from '@ficus-sample/legacy-monolith';
import { applySchema as applyNotificationsSchema } from '@ficus-sample/notifications';
import { failedTwice } from '../processes/failed-twice.ts';
import {
  type ManagedProcess,
  ProcessFailed,
  type ProcessOptions,
  startProcess,
} from '../processes/managed-process.ts';
import { checkConfig } from './check-config.ts';
import { dropForeignVariables } from './own-environment.ts';
import { writeConfig } from './write-config.ts';

interface SampleOptions {
  /** Where state lives: the cluster's files and the logs. */
  readonly directory: string;
  /** 0 takes a free port. */
  readonly proxyPort: number;
  readonly controlPort: number;
  readonly monolithPort: number;
  readonly servicePort: number;
  readonly postgresPort: number;
  /** 1 is the full shop: about 20,000 customers, 200,000 orders, 500,000 notifications. */
  readonly scale: number;
  /** Plants a fault in the service, for the demo that detects it. */
  readonly plantedBug?: boolean;
  /** Reports each step, for the terminal. */
  readonly onStep: (step: string) => void;
}

export interface Sample {
  readonly proxyUrl: string;
  readonly controlUrl: string;
  readonly monolithUrl: string;
  readonly serviceUrl: string;
  readonly databases: { readonly shop: string; readonly notifications: string; readonly ficus: string };
  readonly logDirectory: string;
  /** A config for `npx ficus` while the sample is up. */
  readonly configFile: string;
  /** Resolves with a sentence when one of the parts exits unexpectedly. */
  readonly brokeDown: Promise<string>;
  stop(): Promise<void>;
}

const FICUS = 'cli/bin/ficus.js';
const ROOT = join(import.meta.dirname, '..', '..');
/**
 * Shared by the proxy, which signs the caller's identity, and the service, which verifies it. A sample's secret need
 * not be secret.
 */
const IDENTITY_SECRET = 'the-sample-is-no-secret-keeper';

/** Starts everything; on failure nothing is left running. */
export async function bringUp(options: SampleOptions, signal?: AbortSignal): Promise<Sample> {
  const started: { readonly name: string; stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  try {
    return await startParts(options, started, stop, signal);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  options: SampleOptions,
  started: { readonly name: string; stop(): Promise<void> }[],
  stop: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Sample> {
  const { onStep } = options;
  dropForeignVariables(process.env);
  const logDirectory = join(options.directory, 'logs');
  await makeDirectory(logDirectory);

  onStep('PostgreSQL');
  const cluster = await startCluster({
    dataDir: join(options.directory, 'postgres'),
    port: options.postgresPort,
  });
  started.push({ name: 'PostgreSQL', stop: () => cluster.stop() });
  signal?.throwIfAborted();
  const databases = await prepareDatabases(cluster, options, signal);
  signal?.throwIfAborted();

  const run = async (
    name: string,
    script: readonly string[],
    environment: Record<string, string>,
    ready: Pick<ProcessOptions, 'readyMessage' | 'givesUp'> = {},
  ) => {
    onStep(name);
    const child = await startProcess({
      name,
      args: script.map((part, index) => (index === 0 ? join(ROOT, part) : part)),
      environment,
      ...ready,
      logFile: join(logDirectory, `${name}.log`),
    });
    started.push(child);
    signal?.throwIfAborted();
    return child;
  };

  const monolith = await run('monolith', ['legacy-monolith/main.ts'], {
    PORT: String(options.monolithPort),
    DATABASE_URL: databases.shop,
  });
  const service = await run('notifications', ['extracted/notifications/main.ts'], {
    PORT: String(options.servicePort),
    DATABASE_URL: databases.notifications,
    IDENTITY_SECRET,
    ...(options.plantedBug ? { PLANTED_BUG: '1' } : {}),
  });
  // The config is also for other terminals: it must contain the ports themselves.
  const up = async (freeProxyPort: number, freeControlPort: number) => {
    const configFile = await writeConfig(options.directory, {
      FICUS_PROXY_PORT: String(options.proxyPort || freeProxyPort),
      FICUS_CONTROL_PORT: String(options.controlPort || freeControlPort),
      FICUS_DATABASE_URL: databases.ficus,
      FICUS_IDENTITY_SECRET: IDENTITY_SECRET,
      LEGACY_URL: monolith.address,
      LEGACY_DATABASE_URL: databases.shop,
      NOTIFICATIONS_URL: service.address,
      NOTIFICATIONS_DATABASE_URL: databases.notifications,
    });
    await checkConfig(join(ROOT, FICUS), configFile);
    signal?.throwIfAborted();
    const ready = { readyMessage: 'ready', givesUp: failedTwice };
    const ficus = await run('ficus', [FICUS, 'up', '--config', configFile], {}, ready);
    return { configFile, ficus };
  };
  const { configFile, ficus } = await onFreePorts(2, up, namesPort);

  let stopping = false;
  return {
    proxyUrl: ficus.address,
    controlUrl: ficus.facts.controlAddress ?? '',
    monolithUrl: monolith.address,
    serviceUrl: service.address,
    databases,
    logDirectory,
    configFile,
    brokeDown: firstEnd([monolith, service, ficus], logDirectory, () => stopping),
    stop: () => {
      stopping = true;
      return stop();
    },
  };
}

/** Whether a part could not start because of one of these ports. */
function namesPort(error: unknown, ports: readonly number[]): boolean {
  return error instanceof ProcessFailed && ports.some((port) => error.message.includes(`127.0.0.1:${port}`));
}

async function prepareDatabases(
  cluster: EmbeddedCluster,
  options: SampleOptions,
  signal: AbortSignal | undefined,
): Promise<Sample['databases']> {
  for (const name of ['shop', 'notifications', 'ficus']) await cluster.createDatabase(name);
  const shop = cluster.url('shop');
  await applyShopSchema(shop);
  await applyNotificationsSchema(cluster.url('notifications'));
  if (!(await isSeeded(shop))) {
    options.onStep('seed');
    await seed(shop, { scale: options.scale, ...(signal && { signal }) });
  }
  return { shop, notifications: cluster.url('notifications'), ficus: cluster.url('ficus') };
}

function firstEnd(
  children: readonly ManagedProcess[],
  logDirectory: string,
  stopping: () => boolean,
): Promise<string> {
  return new Promise((resolve) => {
    for (const child of children) {
      void child.ended.then((status) => {
        if (!stopping())
          resolve(
            `${child.name} exited unexpectedly (exit status ${status}); see ${logDirectory}/${child.name}.log`,
          );
      });
    }
  });
}
