/**
 * A real Unleash server, for the suites of test:real. unleash-server is AGPL: it is fetched on demand, as a separate
 * process, and is never a dependency.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@ficus/tools';
import { installNpmPart } from './npm-part.ts';

const VERSION = '8.2.0';
const START_MS = 120_000;

export interface UnleashServer {
  /** Base of its API, ending in /api. */
  readonly url: string;
  /** Reads the environment `development` of the project `default`. */
  readonly clientToken: string;
  readonly adminToken: string;
  stop(): Promise<void>;
}

/** Starts one on an empty database, and waits until it answers. */
export async function startUnleashServer(databaseUrl: string): Promise<UnleashServer> {
  const installed = await installNpmPart('unleash-server', VERSION);
  const port = await freePort();
  const clientToken = 'default:development.client-secret';
  const adminToken = '*:*.admin-secret';
  const output: string[] = [];
  const child = spawn(process.execPath, [join(installed, 'dist', 'server.js')], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      DATABASE_SSL: 'false',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(port),
      INIT_ADMIN_API_TOKENS: adminToken,
      INIT_BACKEND_API_TOKENS: clientToken,
      CHECK_VERSION: 'false',
      SEND_TELEMETRY: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));
  await untilHealthy(`http://127.0.0.1:${port}/health`, child, output);
  return { url: `http://127.0.0.1:${port}/api`, clientToken, adminToken, stop: () => stop(child) };
}

async function untilHealthy(url: string, child: ChildProcess, output: readonly string[]): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await sleep(200);
  }
  await stop(child);
  throw new Error(`the Unleash server did not start:\n${output.join('')}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
