/**
 * The inbound server: node:http with llhttp in strict mode and every limit set. Requests that llhttp itself
 * refuses get a problem document on the bare socket, a counter and a log line like all the others.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProxyConfig, RefusalReason } from '@ficus/core';
import { ALLOW } from '../respond/answer-options.ts';
import { answerProblemOnSocket } from '../respond/answer-problem.ts';
import { LeanResponse } from '../respond/lean-response.ts';
import { refusalCode } from '../respond/refusal-code.ts';
import { settleBeforeHandOver } from '../wire/client-socket.ts';
import { whenQueueIsEmpty } from './accept-queue.ts';
import { IdleConnections, type InboundSocket } from './idle-connections.ts';
import { startParser } from './inbound-parser.ts';
import { headOf } from './inspected-head.ts';
import { LeanRequest } from './lean-request.ts';
import { mayUpgrade } from './may-upgrade.ts';
import { restoreOddLine, takeOddLine } from './odd-request-line.ts';
import { createSecureServer, Handshakes, renewCertificate, type SecureListener } from './secure-server.ts';

/** Late heads are noticed within this time; set once, so it must suit any config. */
const CHECKED_EACH_MS = 1_000;
/** A tunnel may be silent without limit; after this long the kernel probes whether its client is still connected. */
const PROBED_AFTER_MS = 30_000;
/** How long a refused connection may still read the answer. */
const LINGER_MS = 500;

type Tuned = Server & { maxHeaderSize: number };

/** What llhttp calls a parse error: `invalid-header-token`. */
type LlhttpName = string & { readonly llhttp: never };

export interface InboundHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** A request that was never complete, or a connection that never came to one. @param detail for the log; null: no line */
  refused(reason: RefusalReason | LlhttpName, status: number, detail?: object | null): void;
}

export interface Inbound {
  readonly server: Server;
  /** Applies the limits and timeouts of a changed config; head limits apply from the next connection on. */
  retune(config: ProxyConfig): void;
  /** Another certificate, from the next connection on. */
  renew(secure: SecureListener): void;
  /**
   * Accepts the clients that have already connected, for a bounded time, then closes the listening socket. Closes no
   * connection.
   * @param onListenerClosed no client can connect any more
   * @param onEmpty the last connection has closed, too
   */
  closeListener(mostMs: number, onListenerClosed: () => void, onEmpty: () => void): void;
  /** Each connection closes after its next answer, including one in progress. */
  endConnections(): void;
  /** Closes connections between two requests, and those open this long without a first one. */
  closeIdle(unusedMs: number): void;
  /** Cuts whatever is left. */
  cutAll(): void;
}

/** @param secure for a listener that speaks HTTPS */
export function createInbound(
  config: ProxyConfig,
  handlers: InboundHandlers,
  secure?: SecureListener,
): Inbound {
  const server = createInboundServer(config, secure);
  const idle = new IdleConnections(config.timeouts.keepAliveMs);
  const handshakes = secure && new Handshakes();
  handshakes?.watch(server, handlers.refused);
  let ending = false;
  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    if (ending) response.shouldKeepAlive = false;
    if (secure) headOf(request).ownScheme = 'https';
    handlers.request(request, response);
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    restoreOddLine(request);
    serveInTurn(request, response, begin);
  };
  server.on('request', serve);
  // The upstream answers Expect.
  server.on('checkContinue', serve);
  server.on('checkExpectation', serve);
  idle.watch(server, secure ? 'secureConnection' : 'connection');
  const start = (socket: Duplex): void => void startParser(server, socket);
  server.on('connection', start);
  server.on('secureConnection', start);
  settleBeforeHandOver(server);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    idle.unwatch(socket);
    restoreOddLine(request);
    if (secure) headOf(request).ownScheme = 'https';
    handOver(request, socket, head, handlers);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => refuseConnect(socket, handlers));
  server.on('drop', () => handlers.refused('too-many-connections', 0));
  server.on('clientError', (error, socket) => {
    const { maxHeaderSize } = server as Tuned;
    if (!takeOddLine(server, socket, error, maxHeaderSize)) refuseMalformed(error, socket, handlers);
  });
  return {
    server,
    retune({ limits, timeouts }) {
      server.headersTimeout = timeouts.headersMs;
      server.maxConnections = limits.connections;
      // Undocumented, but Node reads it for each connection; a test checks that it does.
      (server as Tuned).maxHeaderSize = limits.headerBytes;
      idle.keepAliveMs = timeouts.keepAliveMs;
    },
    renew: (renewed) => renewCertificate(server, renewed),
    closeIdle(unusedMs) {
      server.closeIdleConnections();
      idle.closeUnused(unusedMs);
      handshakes?.cut(unusedMs);
    },
    cutAll() {
      idle.cutAll();
      handshakes?.cut();
    },
    closeListener(mostMs, onListenerClosed, onEmpty) {
      whenQueueIsEmpty(server, mostMs, () => {
        // http.Server.close would cut idle connections at once, and with them requests that are in transit.
        NetServer.prototype.close.call(server, onEmpty);
        onListenerClosed();
      });
    },
    endConnections() {
      ending = true;
      idle.endAll();
    },
  };
}

function createInboundServer({ limits, timeouts }: ProxyConfig, secure: SecureListener | undefined): Server {
  const options: ServerOptions = {
    insecureHTTPParser: false,
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: timeouts.headersMs,
    // A body may take any time while it moves: its exchange watches for silence (timeouts.requestMs).
    requestTimeout: 0,
    // IdleConnections does this, without a timer per request.
    keepAliveTimeout: 0,
    // A request without a body needs no stream, and nothing here reads `headers`.
    optimizeEmptyRequests: true,
    IncomingMessage: LeanRequest,
    ServerResponse: LeanResponse as unknown as typeof ServerResponse,
    connectionsCheckingInterval: Math.min(CHECKED_EACH_MS, timeouts.headersMs),
    noDelay: true,
    // Behind another request, the upgrade would take over the connection before that request is answered.
    shouldUpgradeCallback: (request) =>
      !(request.socket as InboundSocket)._httpMessage && mayUpgrade(request),
  };
  const server = secure ? createSecureServer(options, secure, timeouts.headersMs) : createServer(options);
  // Node silently drops fields beyond this count; the head is limited by bytes and by our own count.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connections;
  return server;
}

/**
 * One after the other on each connection (RFC 9112 section 9.3.2): a read that is pipelined behind a write sees it, and a
 * client with one connection takes only one place at the upstream.
 */
function serveInTurn(
  request: IncomingMessage,
  response: ServerResponse,
  begin: InboundHandlers['request'],
): void {
  const { socket } = request;
  // Node reads on behind a last answer; nothing may be served there (section 9.6).
  if (socket.writableEnded) return;
  if (response.socket !== null) {
    begin(request, response);
    return;
  }
  (response as unknown as LeanResponse).onTurn = () => {
    // A client that does not read its earlier answers gets no more of them: they would pile up here.
    if (socket.writableNeedDrain) socket.once('drain', () => begin(request, response));
    else begin(request, response);
  };
}

function handOver(request: IncomingMessage, socket: Duplex, head: Buffer, handlers: InboundHandlers): void {
  socket.on('error', ignoreError);
  (socket as Socket).setKeepAlive(true, PROBED_AFTER_MS);
  if (socket.writable) handlers.upgrade(request, socket, head);
  else socket.destroy();
}

function refuseConnect(socket: Duplex, handlers: InboundHandlers): void {
  socket.on('error', ignoreError);
  handlers.refused('method-refused', 405);
  // Before the answer to an earlier request, it would be read as that answer.
  if ((socket as InboundSocket)._httpMessage) {
    socket.destroy();
    return;
  }
  const detail = 'TRACE and CONNECT are not served here.';
  answerProblemOnSocket(socket, { code: refusalCode(405), status: 405, detail, headers: ALLOW });
}

/**
 * Node removes its own listener from a connection that it hands over, and an unhandled error (a reset at the wrong
 * moment) ends the process. `close` reports the connection's end.
 */
function ignoreError(): void {}

/** What llhttp does not accept, or what does not arrive in time. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex, handlers: InboundHandlers): void {
  const { status, reason, detail } = describeClientError(error);
  if (status === 0 || !socket.writable) {
    socket.destroy();
    return;
  }
  const begun = (socket as InboundSocket)._httpMessage;
  // Data after a request that was already refused.
  if (begun?.writableEnded) {
    (socket as InboundSocket).destroySoon();
    return;
  }
  handlers.refused(reason, status);
  // The client would read this answer as part of the body in progress.
  if (begun?.headersSent) {
    socket.destroy();
    return;
  }
  // Written before the answer to a valid request, it would be read as that answer.
  if (begun?.req.complete) {
    begun.shouldKeepAlive = false;
    (socket as InboundSocket).pause();
    return;
  }
  answerProblemOnSocket(socket, { code: refusalCode(status), status, detail });
  // A client that continues to send must not keep the connection open.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

interface ClientFault {
  readonly status: number;
  readonly reason: RefusalReason | LlhttpName;
  readonly detail: string;
}

function describeClientError(error: NodeJS.ErrnoException): ClientFault {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, reason: 'head-too-large', detail: 'The request head is too large.' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        reason: 'request-timeout',
        detail: 'The head of the request did not arrive in time.',
      };
    case 'HPE_INVALID_METHOD':
      return { status: 400, reason: 'method-unknown', detail: 'The method is unknown.' };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'HPE_INVALID_EOF_STATE':
      return { status: 0, reason: 'client-gone', detail: '' };
    default:
      return { status: 400, reason: parserReason(error.code), detail: 'The request is not valid HTTP/1.1.' };
  }
}

function parserReason(code: string | undefined): RefusalReason | LlhttpName {
  if (!code?.startsWith('HPE_')) return 'malformed';
  return code.slice(4).toLowerCase().replaceAll('_', '-') as LlhttpName;
}
