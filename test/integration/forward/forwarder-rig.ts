/**
 * The bare forwarder: a strict `node:http` server that forwards each request to one upstream, and answers failures with
 * only their status. Plus raw upstreams that send exactly the bytes a test wants.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { type UpstreamConfig, upstreamSchema } from '@ficus/core';
import { LeanRequest } from '../../../proxy/accept/lean-request.ts';
import { mayUpgrade } from '../../../proxy/accept/may-upgrade.ts';
import { forward, forwardUpgrade } from '../../../proxy/forward/forward.ts';
import type { ForwardCall } from '../../../proxy/forward/forward-call.ts';
import { LeanResponse } from '../../../proxy/respond/lean-response.ts';
import { Upstream, type UpstreamHooks } from '../../../proxy/upstream/upstream.ts';
import type { Outcome } from '../../../proxy/wire/outcome.ts';

/** A condition is waited for as long as a busy machine may take. */
export const PATIENT: { readonly timeout: number; readonly interval: number } = {
  timeout: 30_000,
  interval: 5,
};

/** Shorter than `headersMs` by default: a connection that only this ends is not one that was closed at once. */
const RAW_PATIENCE_MS = 25_000;

export interface ForwarderOptions {
  readonly config?: Record<string, unknown>;
  readonly hooks?: UpstreamHooks;
  /** Amendments for a request. */
  readonly amend?: (request: IncomingMessage) => Partial<ForwardCall>;
  /** The proxy's own request and response in place of Node's. */
  readonly lean?: boolean;
}

const LEAN = {
  optimizeEmptyRequests: true,
  requireHostHeader: false,
  IncomingMessage: LeanRequest,
  ServerResponse: LeanResponse as unknown as typeof ServerResponse,
};

export interface Forwarder {
  readonly port: number;
  readonly server: Server;
  readonly upstream: Upstream;
  /** In the order in which exchanges ended. */
  readonly outcomes: Outcome[];
  /** Resolves with the outcomes once there are that many. */
  outcomesReach(count: number): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

function upstreamConfig(url: string, more: Record<string, unknown> = {}): UpstreamConfig {
  return upstreamSchema.parse({ url, ...more });
}

/** Status of an exchange that failed before the client was given anything. */
function statusOf(outcome: Outcome): number {
  if (outcome.kind !== 'failed') return 500;
  if (outcome.side === 'client') return 400;
  if (outcome.phase === 'queue') return 503;
  return outcome.cause === 'timed-out' ? 504 : 502;
}

/** Starts the forwarder before the upstream at `url`. */
export async function startForwarder(url: string, options: ForwarderOptions = {}): Promise<Forwarder> {
  const upstream = new Upstream('legacy', upstreamConfig(url, options.config), options.hooks);
  const outcomes: Outcome[] = [];
  const waiters = new Set<() => void>();
  const note = (outcome: Outcome): void => {
    outcomes.push(outcome);
    for (const waiter of waiters) waiter();
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    forward(upstream, request, response, {
      ...options.amend?.(request),
      onOutcome: (outcome) => {
        note(outcome);
        if (outcome.kind !== 'failed' || outcome.responseStarted || response.destroyed) return;
        response.writeHead(statusOf(outcome), { 'content-type': 'text/plain' });
        response.end(`${outcome.side} ${outcome.phase} ${outcome.cause}\n`);
      },
    });
  };
  const server = createServer({
    shouldUpgradeCallback: mayUpgrade,
    keepAliveTimeout: 60_000,
    ...(options.lean ? LEAN : {}),
  });
  server.maxHeadersCount = 0;
  server.on('request', handle).on('checkContinue', handle).on('checkExpectation', handle);
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    forwardUpgrade(upstream, request, socket, head, {
      ...options.amend?.(request),
      onOutcome: (outcome) => {
        note(outcome);
        if (outcome.kind === 'failed' && !outcome.responseStarted && !socket.destroyed) {
          socket.end(
            `HTTP/1.1 ${statusOf(outcome)} Failed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
          );
        }
      },
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    upstream,
    outcomes,
    outcomesReach: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (outcomes.length < count) return;
          waiters.delete(check);
          resolve(outcomes);
        };
        waiters.add(check);
        check();
      }),
    close: async () => {
      upstream.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface RawUpstream {
  readonly url: string;
  readonly port: number;
  /** Every byte received, one entry a connection. */
  readonly received: string[];
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
}

/**
 * A TCP server that passes each connection, with everything received so far, to the test.
 * @param onData called with each piece; `all` is everything from this connection, and is as expensive to search
 */
export async function startRawUpstream(
  onData: (socket: Socket, all: string, index: number, piece: string) => void,
): Promise<RawUpstream> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const index = received.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', (bytes) => {
      const piece = bytes.toString('latin1');
      received[index] += piece;
      onData(socket, received[index]!, index, piece);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far, as latin1. */
  readonly text: string;
  /** True once the other side has ended or cut the connection. */
  readonly ended: boolean;
  /** Resolves when the text satisfies, rejects after `timeoutMs`. */
  until(satisfied: (text: string) => boolean, timeoutMs?: number): Promise<string>;
  /** Resolves with everything once the connection is over. */
  untilEnd(timeoutMs?: number): Promise<string>;
  close(): void;
}

/** Connects, sends the bytes as they are, and records what comes back. */
export async function rawClient(port: number, bytes?: string | Buffer): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  let text = '';
  let ended = false;
  let changed: () => void = () => {};
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
    changed();
  });
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      ended = true;
      changed();
    });
  }
  await once(socket, 'connect');
  if (bytes !== undefined) socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  const wait = (satisfied: () => boolean, timeoutMs: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not within ${timeoutMs} ms; received ${JSON.stringify(text)}`)),
        timeoutMs,
      );
      changed = () => {
        if (!satisfied()) {
          if (!ended) return;
          clearTimeout(timer);
          reject(new Error(`the connection ended; received ${JSON.stringify(text)}`));
          return;
        }
        clearTimeout(timer);
        resolve(text);
      };
      changed();
    });
  return {
    socket,
    get text() {
      return text;
    },
    get ended() {
      return ended;
    },
    until: (satisfied, timeoutMs = RAW_PATIENCE_MS) => wait(() => satisfied(text), timeoutMs),
    untilEnd: (timeoutMs = RAW_PATIENCE_MS) => wait(() => ended, timeoutMs),
    close: () => socket.destroy(),
  };
}
