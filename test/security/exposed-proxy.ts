/**
 * A whole proxy between a raw legacy and a raw candidate, for tests that care about every byte. The slice `notes` has
 * the routes that a test gives it, and its serve flag is at 100 %: what matches goes to the candidate.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema, percentFlag } from '@ficus/core';
import pino from 'pino';
import { startProxy } from '../../proxy/index.ts';
import {
  type RawClient,
  type RawUpstream,
  rawClient,
  startRawUpstream,
} from '../integration/forward/forwarder-rig.ts';

/** What a raw upstream does with each piece; `all` is everything of this connection so far. */
type Speaker = (socket: Socket, all: string, index: number) => void;

export interface ExposedOptions {
  readonly legacy?: Speaker | undefined;
  readonly candidate?: Speaker | undefined;
  readonly proxy?: Record<string, unknown>;
  readonly routes?: readonly Record<string, unknown>[];
  readonly timeouts?: Record<string, unknown>;
}

export interface Exposed {
  readonly port: number;
  readonly legacy: RawUpstream;
  readonly candidate: RawUpstream;
  readonly logs: readonly Record<string, unknown>[];
  /** A client that has sent these bytes. */
  client(bytes: string): Promise<RawClient>;
  /** Sends bytes on a separate connection and returns everything received until `done`, or until the end. */
  exchange(bytes: string, done?: (text: string) => boolean): Promise<string>;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

/** Answers every complete head (and what follows it in the same piece) with 200 and its own name. */
export function answering(name: string): Speaker {
  const counted = new WeakMap<Socket, number>();
  return (socket, all) => {
    const heads = all.split('\r\n\r\n').length - 1;
    for (let done = counted.get(socket) ?? 0; done < heads; done += 1) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\nX-From: ${name}\r\n\r\n${name}`);
    }
    counted.set(socket, heads);
  };
}

export async function exposeProxy(options: ExposedOptions = {}): Promise<Exposed> {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-security-'));
  const file = join(folder, 'flags.json');
  await writeFile(file, JSON.stringify({ version: 2, features: [percentFlag('notes.serve', 'notes', 100)] }));
  const legacy = await startRawUpstream(options.legacy ?? answering('legacy'));
  const candidate = await startRawUpstream(options.candidate ?? answering('candidate'));
  const logs: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const config = configSchema.parse({
    version: 1,
    proxy: {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      timeouts: { drainMs: 200 },
      ...options.proxy,
    },
    flags: { provider: 'file', file },
    legacy: { url: legacy.url, timeouts: options.timeouts },
    slices: {
      notes: {
        candidate: { url: candidate.url, timeouts: options.timeouts },
        routes: options.routes ?? [{ id: 'notes', methods: ['GET', 'POST'], path: '/api/notes' }],
      },
    },
  });
  const proxy = await startProxy({ config, inProcess: true, logger });
  const port = Number(new URL(proxy.address).port);
  const clients: RawClient[] = [];
  const client = async (bytes: string): Promise<RawClient> => {
    const made = await rawClient(port, bytes);
    clients.push(made);
    return made;
  };
  return {
    port,
    legacy,
    candidate,
    logs,
    client,
    exchange: async (bytes, done) => {
      const made = await client(bytes);
      return done === undefined ? made.untilEnd() : made.until(done);
    },
    metrics: async () => (await fetch(`${proxy.adminAddress}/metrics`)).text(),
    close: async () => {
      for (const each of clients) each.close();
      await Promise.all([legacy.close(), candidate.close()]);
      await proxy.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
export const endsWith = (tail: string) => (text: string) => text.endsWith(tail);
export const includes = (part: string) => (text: string) => text.includes(part);
