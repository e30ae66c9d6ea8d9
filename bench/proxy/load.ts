/**
 * Load from a separate process: wrk for figures per request (it costs the least), autocannon where wrk is not installed
 * and where a fixed rate is needed, which wrk cannot keep.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, pinned } from './running-process.ts';

interface LoadOptions {
  readonly port: number;
  readonly path: string;
  readonly seconds: number;
  readonly connections: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly core: number | undefined;
  /** Requests a second, kept regardless of the answers. */
  readonly rate?: number;
  /** Sends a body of this many bytes with each request. */
  readonly uploadBytes?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Answers other than 2xx, and connections that failed. */
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const hasWrk = isInstalled('wrk');

export const loadGenerator: 'wrk' | 'autocannon' = hasWrk ? 'wrk' : 'autocannon';

export function applyLoad(options: LoadOptions): Promise<LoadResult> {
  return hasWrk && options.rate === undefined ? byWrk(options) : byAutocannon(options);
}

async function byWrk(options: LoadOptions): Promise<LoadResult> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const text = await output(options.core, [
    'wrk',
    '-t1',
    `-c${options.connections}`,
    `-d${options.seconds}s`,
    '--latency',
    // On a busy machine a pause of two seconds is not a failure.
    '--timeout',
    '10s',
    ...headers,
    ...(options.uploadBytes === undefined ? [] : ['-s', uploadFile('wrk.lua', options.uploadBytes)]),
    `http://127.0.0.1:${options.port}${options.path}`,
  ]);
  const done = /(\d+) requests in ([\d.]+)(m|s), ([\d.]+)(\w+) read/.exec(text);
  if (done === null) throw new Error(`wrk said: ${text}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const others = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  return {
    requests: Number(done[1]),
    seconds: Number(done[2]) * (done[3] === 'm' ? 60 : 1),
    bytes: Number(done[4]) * (BYTES[done[5]!] ?? 1),
    failures: (errors?.slice(1).reduce((sum, each) => sum + Number(each), 0) ?? 0) + Number(others?.[1] ?? 0),
    p50Ms: percentile(text, 50),
    p99Ms: percentile(text, 99),
  };
}

const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

function percentile(text: string, which: number): number {
  const found = new RegExp(`${which}%\\s+([\\d.]+)(us|ms|s)`).exec(text);
  return Number(found?.[1] ?? Number.NaN) * ({ us: 0.001, ms: 1, s: 1000 }[found?.[2] ?? 'ms'] ?? 1);
}

async function byAutocannon(options: LoadOptions): Promise<LoadResult> {
  const program = createRequire(import.meta.url).resolve('autocannon');
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const text = await output(options.core, [
    process.execPath,
    program,
    '--json',
    '-n',
    '-c',
    String(options.connections),
    '-d',
    String(options.seconds),
    // autocannon corrects its latencies for coordinated omission once a rate is set.
    ...(options.rate === undefined ? [] : ['-R', String(Math.round(options.rate))]),
    ...headers,
    ...(options.uploadBytes === undefined
      ? []
      : ['-m', 'POST', '-i', uploadFile('body', options.uploadBytes)]),
    `http://127.0.0.1:${options.port}${options.path}`,
  ]);
  const result = JSON.parse(text.slice(text.indexOf('{'))) as {
    requests: { total: number };
    throughput: { total: number };
    duration: number;
    errors: number;
    non2xx: number;
    latency: { p50: number; p99: number };
  };
  return {
    requests: result.requests.total,
    seconds: result.duration,
    bytes: result.throughput.total,
    failures: result.errors + result.non2xx,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

const uploadFiles = new Map<string, string>();

/**
 * The body as autocannon takes it, or the script that makes wrk send it; in a folder that is removed with the process.
 */
function uploadFile(kind: 'wrk.lua' | 'body', bytes: number): string {
  const name = `${bytes}-${kind}`;
  const known = uploadFiles.get(name);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'ficus-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const script = `wrk.method = "POST"\nwrk.body = string.rep("a", ${bytes})\n`;
  const file = join(folder, name);
  writeFileSync(file, kind === 'body' ? 'a'.repeat(bytes) : script);
  uploadFiles.set(name, file);
  return file;
}

function output(core: number | undefined, command: readonly string[]): Promise<string> {
  const [program, parameters] = pinned(core, command);
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let complaint = '';
    child.stdout.on('data', (piece) => {
      text += piece;
    });
    child.stderr.on('data', (piece) => {
      complaint += piece;
    });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve(text) : reject(new Error(`${program}: ${complaint}`))));
  });
}
