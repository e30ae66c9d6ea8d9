/** The input of every scenario, and measuring one peer for one round. */
import { request } from 'node:http';
import type { Report } from '../report.ts';
import type { Backend } from './backend.ts';
import type { BenchOptions } from './bench-options.ts';
import { applyLoad, type LoadResult } from './load.ts';
import type { Peer, RunningPeer } from './peers.ts';

export interface BenchContext {
  readonly options: BenchOptions;
  readonly report: Report;
  readonly backend: Backend;
  /** The proxies' core, and everything else's. */
  readonly proxyCore: number | undefined;
  readonly otherCore: number | undefined;
  /** Prints a line of progress. */
  say(line: string): void;
}

/** A path that our routes match: slice s25, route r10. */
export const MEASURED_PATH = '/api/s25/r10/123';
export const HEADERS: Readonly<Record<string, string>> = { cookie: 'sid=u-4711' };
export const CONNECTIONS = 64;
/** Compilers and collectors work beside the requests for seconds until they settle: not counted, for any peer. */
export const WARM_UP_SECONDS = 6;

export interface Round extends LoadResult {
  readonly cpuUs: number;
  readonly rate: number;
}

/** Starts a peer and compares its answer with the upstream's. */
export async function startChecked(context: BenchContext, peer: Peer): Promise<RunningPeer> {
  const running = await peer.start(context.backend.port, context.proxyCore);
  await assertSameAnswer(context.backend.port, running.port, peer.name);
  return running;
}

export interface LoadShape {
  readonly path?: string;
  readonly seconds?: number;
  readonly connections?: number;
  readonly rate?: number;
  readonly uploadBytes?: number;
}

/** One round: load, and the CPU that the peer's processes used for it. */
export async function measure(
  context: BenchContext,
  peer: RunningPeer,
  shape: LoadShape = {},
): Promise<Round> {
  const before = peer.process.cpuMs();
  const load = await applyLoad({
    port: peer.port,
    path: shape.path ?? MEASURED_PATH,
    seconds: shape.seconds ?? context.options.seconds,
    connections: shape.connections ?? CONNECTIONS,
    headers: HEADERS,
    core: context.otherCore,
    ...(shape.rate === undefined ? {} : { rate: shape.rate }),
    ...(shape.uploadBytes === undefined ? {} : { uploadBytes: shape.uploadBytes }),
  });
  const cpuMs = peer.process.cpuMs() - before;
  if (load.requests === 0) throw new Error(`${peer.name} answered nothing`);
  if (load.failures > load.requests / 1000) throw new Error(`${peer.name}: ${load.failures} failures`);
  return { ...load, cpuUs: (cpuMs * 1000) / load.requests, rate: load.requests / load.seconds };
}

/** The same requests to both, body and status compared. */
async function assertSameAnswer(direct: number, through: number, name: string): Promise<void> {
  for (const path of [MEASURED_PATH, '/files/1k', '/files/64k', '/files/1m']) {
    const [expected, actual] = [await ask(direct, path), await ask(through, path)];
    if (actual.status !== 200 || expected.status !== 200 || !expected.body.equals(actual.body)) {
      throw new Error(
        `${name} answers ${path} with ${actual.status} and ${actual.body.length} bytes, wrongly`,
      );
    }
  }
}

function ask(port: number, path: string): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, host: '127.0.0.1', headers: HEADERS, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}
