/**
 * A proxy between two backends, with flags from a file or from a fake control plane. Everything on free ports,
 * everything ended by `close`.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientFeature,
  configSchema,
  decodeObservation,
  type FicusConfig,
  type FicusConfigInput,
  type HoldReport,
  type Observation,
  type ObservationBatch,
  type ProxyReport,
  percentFlag,
  type SliceState,
} from '@ficus/core';
import pino from 'pino';
import { type RunningProxy, type StartProxyOptions, startProxy } from '../../../proxy/index.ts';

export interface Backend {
  readonly name: string;
  readonly url: string;
  readonly server: Server;
  readonly requests: IncomingMessage[];
  /** Replaces its behaviour; the default answers `NAME TARGET`. */
  handler: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function startBackend(name: string): Promise<Backend> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    backend.handler(request, response);
  });
  await listening(server);
  const backend: Backend = {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    requests,
    handler: (request, response) => {
      response.setHeader('x-backend', name);
      response.end(`${name} ${request.url}`);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close').catch(() => {});
    },
  };
  return backend;
}

async function listening(server: Server, port = 0): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

/** A fake control plane: the test sets flags, owners, positions and progress. */
export interface FakeControl {
  readonly url: string;
  readonly reports: ProxyReport[];
  /** Acknowledgements of attempts. */
  readonly holds: HoldReport[];
  /** Whether they are answered: otherwise they get no answer at all. */
  answersHolds: boolean;
  /** They are refused, but renew the leases of these slices. */
  renewsOnly: readonly string[] | undefined;
  readonly observations: Observation[];
  /** How often positions were requested. */
  asked: number;
  /** The answer to requests for positions; `undefined` answers 503. */
  position: string | undefined;
  /** Observations get no answer. */
  stalls: boolean;
  /** Streams that are open now. */
  readonly open: number;
  setFlag(feature: ClientFeature): void;
  setState(slices: Record<string, SliceState>): void;
  progress(slice: string, appliedLsn: string, healthy?: boolean): void;
  /** Cuts all streams. */
  cut(): void;
  close(): Promise<void>;
}

/** @param port of an earlier one, which is back */
export async function startFakeControl(
  features: readonly ClientFeature[] = [],
  port = 0,
): Promise<FakeControl> {
  const flags = new Map(features.map((feature) => [feature.name, feature]));
  let slices: Record<string, SliceState> = {};
  const links = new Set<ServerResponse>();
  const flagStreams = new Set<ServerResponse>();
  const send = (streams: Iterable<ServerResponse>, event: string, data: unknown): void => {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const openStream = (response: ServerResponse, streams: Set<ServerResponse>): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    streams.add(response);
    response.on('close', () => streams.delete(response));
  };
  const server = createServer(async (request, response) => {
    const path = request.url!;
    if (path === '/unleash/api/client/streaming') {
      openStream(response, flagStreams);
      const events = [{ type: 'hydration', eventId: 1, features: [...flags.values()], segments: [] }];
      send([response], 'unleash-connected', { events });
    } else if (path === '/unleash/api/client/features') {
      // Asked while there is no stream.
      response.end(JSON.stringify({ version: 2, features: [...flags.values()], segments: [] }));
    } else if (path === '/api/v1/link/stream') {
      openStream(response, links);
      send([response], 'state', { slices });
    } else {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      takePost(path, body, response);
    }
  });
  const takePost = (path: string, body: unknown, response: ServerResponse): void => {
    if (path === '/api/v1/link/positions') {
      control.asked += 1;
      const { position } = control;
      const names = (body as { slices: string[] }).slices;
      if (position === undefined) response.writeHead(503).end();
      else
        response.end(
          JSON.stringify({ positions: Object.fromEntries(names.map((name) => [name, position])) }),
        );
      return;
    }
    if (path === '/api/v1/link/report') control.reports.push(body as ProxyReport);
    if (path === '/api/v1/link/holds') {
      control.holds.push(body as HoldReport);
      if (!control.answersHolds) return;
      const { renewsOnly: renewed } = control;
      if (renewed !== undefined) {
        const problem = { code: 'FICUS_CONTROL_ATTEMPT_OVER', renewed };
        response.writeHead(409, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
        return;
      }
    }
    if (path.startsWith('/api/v1/link/observations') && control.stalls) return;
    if (path === '/api/v1/link/observations') {
      control.observations.push(...(body as ObservationBatch).observations.map(decodeObservation));
    }
    response.writeHead(204).end();
  };
  await listening(server, port);
  const control: FakeControl = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reports: [],
    holds: [],
    answersHolds: true,
    renewsOnly: undefined,
    observations: [],
    asked: 0,
    position: undefined,
    stalls: false,
    get open() {
      return links.size + flagStreams.size;
    },
    setFlag(feature) {
      flags.set(feature.name, feature);
      send(flagStreams, 'unleash-updated', { events: [{ type: 'feature-updated', eventId: 2, feature }] });
    },
    setState(next) {
      slices = next;
      send(links, 'state', { slices });
    },
    progress(slice, appliedLsn, healthy = true) {
      send(links, 'progress', { slices: { [slice]: { appliedLsn, healthy } } });
    },
    cut() {
      for (const stream of [...links, ...flagStreams]) stream.destroy();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close').catch(() => {});
    },
  };
  return control;
}

export interface RigOptions {
  readonly proxy?: FicusConfigInput['proxy'];
  readonly legacy?: Partial<FicusConfigInput['legacy']>;
  /** Amends the one slice `notes`. */
  readonly slice?: Record<string, unknown>;
  readonly candidate?: Record<string, unknown>;
  readonly routes?: readonly Record<string, unknown>[];
  /** Percentages of the slice `notes`. */
  readonly serve?: number;
  readonly shadow?: number;
  /** Flags come from here instead of a file; slices then have tables and a database that is never opened. */
  readonly control?: FakeControl;
  readonly controlTokens?: NonNullable<FicusConfigInput['control']>['tokens'];
  readonly start?: Partial<StartProxyOptions>;
  readonly logs?: boolean;
}

export interface Rig {
  readonly proxy: RunningProxy;
  readonly url: string;
  readonly legacy: Backend;
  readonly candidate: Backend;
  readonly observations: Observation[];
  readonly logs: Record<string, unknown>[];
  readonly flagsFile: string;
  config(over?: RigOptions): FicusConfig;
  setFlags(serve: number, shadow: number): Promise<void>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly side: string | null;
  readonly reason: string | null;
  readonly headers: Headers;
  readonly text: string;
}

export const ROUTES = [
  { id: 'list', methods: ['GET', 'HEAD'], path: '/api/notes' },
  { id: 'one', methods: ['GET', 'HEAD'], path: '/api/notes/:id' },
  { id: 'add', methods: ['POST'], path: '/api/notes' },
];

/** Starts everything. In this process, unless `start.inProcess` is false. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-proxy-'));
  const flagsFile = join(folder, 'flags.json');
  const [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  const setFlags = (serve: number, shadow: number): Promise<void> =>
    writeFile(flagsFile, JSON.stringify({ version: 2, features: noteFlags(serve, shadow) }));
  await setFlags(options.serve ?? 0, options.shadow ?? 0);
  const config = (over: RigOptions = {}): FicusConfig =>
    rigConfig({ ...options, ...over }, legacy.url, candidate.url, flagsFile);
  const observations: Observation[] = [];
  const logs: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => void logs.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const proxy = await startProxy({
    config: config(),
    inProcess: true,
    logger,
    ...(options.control ? { controlUrl: options.control.url } : {}),
    ...(options.control ? {} : { onObservation: { observe: (seen) => void observations.push(seen) } }),
    ...options.start,
  }).catch(async (error: unknown) => {
    await Promise.all([legacy.close(), candidate.close(), rm(folder, { recursive: true, force: true })]);
    throw error;
  });
  return {
    proxy,
    url: proxy.address,
    legacy,
    candidate,
    observations,
    logs,
    flagsFile,
    config,
    setFlags,
    get: (path, headers = {}) => ask(proxy.address + path, { headers }),
    metrics: async () => (await fetch(`${proxy.adminAddress}/metrics`)).text(),
    close: async () => {
      // A test that failed half-way must not wait for a drain.
      await Promise.all([legacy.close(), candidate.close()]);
      await proxy.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function noteFlags(serve: number, shadow: number): ClientFeature[] {
  return [percentFlag('notes.serve', 'notes', serve), percentFlag('notes.shadow', 'notes', shadow)];
}

function rigConfig(options: RigOptions, legacy: string, candidate: string, file: string): FicusConfig {
  const unreachable = 'postgres://127.0.0.1:1/unreachable';
  const withTables = options.control !== undefined;
  return configSchema.parse({
    version: 1,
    proxy: {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      expose: true,
      identify: { user: { cookie: 'sid' } },
      timeouts: { drainMs: 200 },
      ...options.proxy,
    },
    flags: withTables ? { provider: 'builtin' } : { provider: 'file', file },
    ...(withTables
      ? { control: { listen: '127.0.0.1:0', database: unreachable, tokens: options.controlTokens } }
      : {}),
    legacy: { url: legacy, ...(withTables ? { database: unreachable } : {}), ...options.legacy },
    slices: {
      notes: {
        candidate: { url: candidate, ...(withTables ? { database: unreachable } : {}), ...options.candidate },
        routes: options.routes ?? ROUTES,
        ...(withTables ? { tables: [{ from: 'public.notes', to: 'public.notes' }] } : {}),
        ...options.slice,
      },
    },
  });
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  return {
    status: response.status,
    side: response.headers.get('x-ficus-side'),
    reason: response.headers.get('x-ficus-reason'),
    headers: response.headers,
    text: await response.text(),
  };
}

/** Sends bytes as they are and answers all that comes back until the peer closes. */
export async function sendRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(Buffer.from(bytes, 'latin1'));
  // A reset counts as an end as well; `once` would throw it.
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/**
 * Milliseconds of the fastest of several attempts, no more of them than needed: what else the machine does varies, what
 * the proxy does is in every attempt.
 */
export async function quickest(
  enoughMs: number,
  measure: (turn: number) => Promise<unknown>,
): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 15 && best >= enoughMs; turn += 1) {
    const began = performance.now();
    await measure(turn);
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

/** Waits until the condition holds; bounded, so that a failed test names the condition. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'condition'): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
