/**
 * Brings the whole sample up, in order: PostgreSQL, schemas and seed, the service, the monolith, Ficus. On any failure
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
  /** Ends all parts at once, without a word to each other; for failures. */
  kill(): Promise<void>;
}

const FICUS = 'cli/bin/ficus.js';
const ROOT = join(import.meta.dirname, '..', '..');
/**
 * Shared by the proxy, which signs the caller's identity, and the service, which verifies it. A sample's secret need
 * not be secret.
 */
const IDENTITY_SECRET = 'the-sample-is-no-secret-keeper';
/** Shared by the monolith, which asks for notifications, and whichever side owns them. */
const INTERNAL_TOKEN = 'nor-is-this-one-a-secret';

type Part = Pick<ManagedProcess, 'name' | 'ended' | 'stop' | 'kill'> & { readonly logFile: string };

/** Starts everything; on failure nothing is left running. */
export async function bringUp(options: SampleOptions, signal?: AbortSignal): Promise<Sample> {
  const started: Part[] = [];
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
  started: Part[],
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
  const postgres: Part = {
    ...{ name: 'PostgreSQL', logFile: join(options.directory, 'postgres.log'), ended: cluster.ended() },
    // Fast, and its files are whole.
    ...{ stop: () => cluster.stop(), kill: () => cluster.stop() },
  };
  started.push(postgres);
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
    const logFile = join(logDirectory, `${name}.log`);
    const child = await startProcess({
      name,
      args: script.map((part, index) => (index === 0 ? join(ROOT, part) : part)),
      environment,
      ...ready,
      logFile,
    });
    const part = { ...child, logFile };
    started.push(part);
    signal?.throwIfAborted();
    return part;
  };

  const service = await run('notifications', ['extracted/notifications/main.ts'], {
    PORT: String(options.servicePort),
    DATABASE_URL: databases.notifications,
    IDENTITY_SECRET,
    INTERNAL_TOKEN,
    ...(options.plantedBug ? { PLANTED_BUG: '1' } : {}),
  });
  // The config is also for other terminals: it must contain the ports themselves. The monolith has to know the proxy's,
  // through which it reaches the notifications, wherever they are.
  const up = async (freeProxyPort: number, freeControlPort: number) => {
    const proxyPort = String(options.proxyPort || freeProxyPort);
    const monolith = await run('monolith', ['legacy-monolith/main.ts'], {
      PORT: String(options.monolithPort),
      DATABASE_URL: databases.shop,
      NOTIFICATIONS_API_URL: `http://127.0.0.1:${proxyPort}`,
      INTERNAL_TOKEN,
    });
    try {
      return { monolith, ...(await upFicus(monolith, proxyPort, freeControlPort)) };
    } catch (error) {
      // With other ports it is started again.
      await monolith.stop();
      throw error;
    }
  };
  const upFicus = async (monolith: ManagedProcess, proxyPort: string, freeControlPort: number) => {
    const configFile = await writeConfig(options.directory, {
      FICUS_PROXY_PORT: proxyPort,
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
  const { monolith, configFile, ficus } = await onFreePorts(2, up, namesPort);

  let stopping = false;
  return {
    proxyUrl: ficus.address,
    controlUrl: ficus.facts.controlAddress ?? '',
    monolithUrl: monolith.address,
    serviceUrl: service.address,
    databases,
    logDirectory,
    configFile,
    brokeDown: firstEnd([postgres, monolith, service, ficus], () => stopping),
    stop: () => {
      stopping = true;
      return stop();
    },
    kill: async () => {
      stopping = true;
      for (const part of started.splice(0).reverse()) await part.kill();
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

function firstEnd(parts: readonly Part[], stopping: () => boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const { name, ended, logFile } of parts) {
      void ended.then((status) => {
        if (!stopping()) resolve(`${name} exited unexpectedly (exit status ${status}); see ${logFile}`);
      });
    }
  });
}
