/**
 * The soak itself, for the command and for a short test. Everything runs in this process, so that it can be
 * counted.
 */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { configSchema, flagName, percentFlag } from '@ficus/core';
import { startProxy } from '@ficus/proxy';
import pino from 'pino';
import { SoakClient } from './soak-client.ts';
import { SoakUpstream } from './soak-upstream.ts';

interface SoakResult {
  readonly ok: boolean;
  /** What clients did, with counts. */
  readonly done: Readonly<Record<string, number>>;
  /** Requests that were answered with 5xx or cut because an upstream was being restarted: expected. */
  readonly refused: number;
  /** Answers that were wrong: must be none. */
  readonly wrong: readonly string[];
  readonly restarts: number;
  readonly descriptors: { readonly before: number; readonly after: number };
  readonly heapMb: { readonly before: number; readonly after: number };
}

const RESTART_EVERY_MS = 700;
const HEAP_GROWTH_MB = 12;

export async function runSoak(durationMs: number, clients: number): Promise<SoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-soak-'));
  const file = join(folder, 'flags.json');
  const features = [
    percentFlag(flagName('items', 'serve'), 'items', 50),
    percentFlag(flagName('items', 'shadow'), 'items', 100),
  ];
  await writeFile(file, JSON.stringify({ version: 2, features }));
  const legacy = await SoakUpstream.start();
  const candidate = await SoakUpstream.start();
  const proxy = await startProxy({
    inProcess: true,
    logger: pino({ level: 'silent' }),
    onObservation: { observe: () => {} },
    config: configSchema.parse({
      version: 1,
      proxy: { listen: '127.0.0.1:0', identify: { user: { cookie: 'sid' } }, timeouts: { drainMs: 500 } },
      flags: { provider: 'file', file },
      legacy: { url: legacy.url, timeouts: { connectMs: 500 } },
      slices: {
        items: {
          candidate: { url: candidate.url, timeouts: { connectMs: 500 } },
          routes: [{ id: 'all', methods: ['GET', 'POST'], path: '/items/*', kind: 'read' }],
        },
      },
    }),
  });
  const port = Number(new URL(proxy.address).port);
  const crew = Array.from({ length: clients }, (_, index) => new SoakClient(port, index));
  // Exercises everything once, so that lazily created resources exist before counting.
  await drive(crew, Math.min(1500, durationMs / 4));
  const before = await settle(proxy.address);
  const restarts = await drive(crew, durationMs, [legacy, candidate]);
  const after = await settle(proxy.address);
  await proxy.stop();
  await Promise.all([legacy.stop(), candidate.stop()]);
  await rm(folder, { recursive: true, force: true });
  const wrong = crew.flatMap((client) => client.wrong).slice(0, 20);
  const leaked = after.descriptors > before.descriptors || after.heapMb > before.heapMb + HEAP_GROWTH_MB;
  return {
    ok: wrong.length === 0 && !leaked,
    done: sum(crew.map((client) => client.done)),
    refused: crew.reduce((total, client) => total + client.refused, 0),
    wrong,
    restarts,
    descriptors: { before: before.descriptors, after: after.descriptors },
    heapMb: { before: before.heapMb, after: after.heapMb },
  };
}

/** Lets the clients work; restarts upstreams meanwhile, one after the other. Returns how often. */
async function drive(
  crew: readonly SoakClient[],
  durationMs: number,
  upstreams: readonly SoakUpstream[] = [],
) {
  const until = Date.now() + durationMs;
  let restarts = 0;
  let turn = 0;
  let restarted = Promise.resolve();
  const timer = setInterval(() => {
    const upstream = upstreams[turn % Math.max(1, upstreams.length)];
    turn += 1;
    if (upstream === undefined) return;
    restarts += 1;
    restarted = restarted.then(() => upstream.restart());
  }, RESTART_EVERY_MS);
  await Promise.all(crew.map((client) => client.workUntil(until)));
  clearInterval(timer);
  await restarted;
  return restarts;
}

/** Waits until the number of descriptors is stable, then counts. */
async function settle(address: string): Promise<{ descriptors: number; heapMb: number }> {
  // Pools keep connections on purpose: these are bounded by their idle time, and not counted as leaked. One that is
  // being closed is half gone for a moment.
  let descriptors = -1;
  for (let still = 0; still < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const now = openSockets() - idleUpstream();
    still = now === descriptors ? still + 1 : 0;
    descriptors = now;
  }
  if (address === '') throw new Error('the proxy does not listen');
  collectGarbage();
  return {
    descriptors,
    heapMb: Math.round(process.memoryUsage().heapUsed / 1e5) / 10,
  };
}

function openSockets(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Both ends of idle pooled connections are in this process. */
function idleUpstream(): number {
  return 2 * SoakUpstream.openConnections();
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function sum(counts: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) {
    for (const [name, count] of each) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
