/**
 * The pacer's other half: an open-loop load generator. Requests are due at times fixed beforehand, and their latency
 * counts from then: a late answer delays no other request, and a late start counts as latency (coordinated omission).
 * autocannon cannot do this: it sends a second's share as fast as it is answered, then rests.
 *
 * One JSON line on stdin is one slice (see pacer.ts), one on stdout its result. Connections are kept between slices.
 */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { startOpenLoop } from '../open-loop.ts';
import type { Slice, SliceResult } from './pacer.ts';

/** A slice whose answers stop has failed. */
const STUCK_MS = 10_000;

interface Connection {
  readonly socket: Socket;
  /** When the request on it was due; 0 while it is idle. */
  dueAt: number;
  received: string;
}

class Target {
  readonly #port: number;
  readonly #idle: Connection[] = [];
  readonly #waiting: number[] = [];
  #open = 0;
  #request = '';
  #most = 0;
  #done: (() => void) | undefined;
  left = 0;
  failures = 0;
  latencies: number[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  async run({ path, headers, rate, ms, connections }: Slice): Promise<SliceResult> {
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n${fields.join('')}\r\n`;
    this.#most = connections;
    this.latencies = [];
    this.failures = 0;
    const total = Math.round((rate * ms) / 1000);
    this.left = total;
    const over = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    const stop = startOpenLoop(rate, total, (dueAt) => this.#send(dueAt));
    const stuck = setTimeout(() => this.#giveUp(), ms + STUCK_MS);
    await over;
    stop();
    clearTimeout(stuck);
    const sorted = this.latencies.sort((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { requests: sorted.length, failures: this.failures, p50Ms: at(0.5), p99Ms: at(0.99) };
  }

  #giveUp(): void {
    this.failures += this.left;
    this.left = 0;
    this.#done?.();
  }

  #send(dueAt: number): void {
    const connection = this.#idle.pop();
    if (connection !== undefined) this.#sendOn(connection, dueAt);
    else {
      this.#waiting.push(dueAt);
      if (this.#open < this.#most) this.#connect();
    }
  }

  #sendOn(connection: Connection, dueAt: number): void {
    connection.dueAt = dueAt;
    connection.received = '';
    connection.socket.write(this.#request, 'latin1');
  }

  #connect(): void {
    this.#open += 1;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const connection: Connection = { socket, dueAt: 0, received: '' };
    socket.once('connect', () => this.#free(connection));
    socket.on('data', (piece: Buffer) => {
      connection.received += piece.latin1Slice(0, piece.length);
      this.#look(connection);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#open -= 1;
      const at = this.#idle.indexOf(connection);
      if (at !== -1) this.#idle.splice(at, 1);
      if (connection.dueAt !== 0) this.#answered(0, false);
    });
  }

  #free(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else this.#sendOn(connection, next);
  }

  /** Whether the answer is complete. */
  #look(connection: Connection): void {
    const { received } = connection;
    const end = received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = Number(/\ncontent-length: *(\d+)/i.exec(received)?.[1] ?? 0);
    if (received.length < end + 4 + length) return;
    const { dueAt } = connection;
    connection.dueAt = 0;
    this.#free(connection);
    this.#answered(performance.now() - dueAt, received.startsWith('HTTP/1.1 200'));
  }

  #answered(latencyMs: number, good: boolean): void {
    if (good) this.latencies.push(latencyMs);
    else this.failures += 1;
    this.left -= 1;
    if (this.left === 0) this.#done?.();
  }
}

const targets = new Map<number, Target>();

for await (const line of createInterface({ input: process.stdin })) {
  const slice = JSON.parse(line) as Slice;
  const target = targets.get(slice.port) ?? new Target(slice.port);
  targets.set(slice.port, target);
  console.log(JSON.stringify(await target.run(slice)));
}
process.exit(0);
