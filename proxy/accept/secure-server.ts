/**
 * The TLS in front of the inbound server: node:https with the options and handlers of the plain one. What happens before
 * the first request is dealt with here: clients that do not finish their handshake, plain HTTP on the wrong port, versions
 * and certificates that are refused.
 */
import type { Server, ServerOptions } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ListenerTlsConfig, RefusalReason } from '@ficus/core';
import { type ListenerPems, listenerOptions } from '../keys/listener-tls.ts';
import { answerProblemOnSocket } from '../respond/answer-problem.ts';

export interface SecureListener {
  readonly config: ListenerTlsConfig;
  readonly pems: ListenerPems;
}

/** @param detail what the log line adds; null for no line */
type RefuseHandshake = (reason: RefusalReason, status: number, detail: object | null) => void;

/** @param handshakeMs longest time from the connection to the end of its handshake */
export function createSecureServer(
  options: ServerOptions,
  { config, pems }: SecureListener,
  handshakeMs: number,
): Server {
  const secure = { ...options, ...listenerOptions(config, pems), handshakeTimeout: handshakeMs };
  return createServer(secure) as unknown as Server;
}

/** From the next connection on; those that are open keep theirs. */
export function renewCertificate(server: Server, { config, pems }: SecureListener): void {
  (server as unknown as ReturnType<typeof createServer>).setSecureContext(listenerOptions(config, pems));
}

const MINUTE_MS = 60_000;

/** Which refusals are worth a line: the 1st, 10th, 100th … of a reason in a minute, for a scanner must not fill the log. */
export class RefusalLines {
  readonly #minutes = new Map<RefusalReason, { readonly since: number; count: number }>();

  /** @param now milliseconds; returns how many it is in its minute, or undefined for one that is not written */
  take(reason: RefusalReason, now: number): number | undefined {
    const known = this.#minutes.get(reason);
    const minute = known && now - known.since < MINUTE_MS ? known : { since: now, count: 0 };
    minute.count += 1;
    this.#minutes.set(reason, minute);
    return Number.isInteger(Math.log10(minute.count)) ? minute.count : undefined;
  }
}

/** Connections whose handshake is not finished: neither Node's HTTP server nor IdleConnections knows them yet. */
export class Handshakes {
  readonly #open = new Map<string | Socket, { readonly socket: Socket; readonly since: number }>();
  readonly #lines = new RefusalLines();

  watch(server: Pick<Server, 'on' | 'removeAllListeners'>, refuse: RefuseHandshake): void {
    server.on('connection', (socket: Socket) => {
      const key = keyOf(socket);
      this.#open.set(key, { socket, since: performance.now() });
      socket.on('close', () => {
        // Its ends may be those of another connection by now.
        if (this.#open.get(key)?.socket === socket) this.#open.delete(key);
      });
    });
    server.on('secureConnection', (socket: TLSSocket) => this.#open.delete(keyOf(socket)));
    // Node's own listener would report them as malformed HTTP.
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) =>
      this.#failed(error, socket, refuse),
    );
  }

  /** Cuts those that were opened this long ago. */
  cut(olderThanMs = 0): void {
    const latest = performance.now() - olderThanMs;
    for (const { socket, since } of [...this.#open.values()]) if (since <= latest) socket.destroy();
  }

  #failed(error: NodeJS.ErrnoException, socket: TLSSocket, refuse: RefuseHandshake): void {
    const refusal = describeHandshakeError(error, socket.authorizationError);
    // Not a client that goes away: a health check, say.
    if (refusal) {
      const { reason, status, detail } = refusal;
      const count = this.#lines.take(reason, performance.now());
      refuse(reason, status, count === undefined ? null : { peer: socket.remoteAddress, detail, count });
    }
    if (refusal?.reason === 'plain-http') this.#answerPlain(socket);
    // Node does it after some of the errors, not after a timeout.
    socket.destroy();
  }

  #answerPlain(socket: TLSSocket): void {
    const plain = this.#open.get(keyOf(socket))?.socket;
    const detail = 'This port speaks HTTPS: use the https:// URL.';
    if (plain) answerProblemOnSocket(plain, { code: 'FICUS_TLS_EXPECTED', detail });
  }
}

/** Both ends, which a TLS connection's socket and the one beneath it share; a peer that is already gone has none. */
function keyOf(socket: Socket): string | Socket {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined) return socket;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

interface HandshakeRefusal {
  readonly reason: RefusalReason;
  readonly status: number;
  readonly detail: string;
}

/** @param authorizationError why a certificate of the client was not accepted */
export function describeHandshakeError(
  error: NodeJS.ErrnoException,
  authorizationError: unknown,
): HandshakeRefusal | undefined {
  if (authorizationError)
    return { reason: 'client-certificate-invalid', status: 0, detail: String(authorizationError) };
  const { code = '' } = error;
  if (code === 'ERR_SSL_HTTP_REQUEST') return { reason: 'plain-http', status: 400, detail: code };
  const reason = reasonOf(code);
  return reason && { reason, status: 0, detail: code };
}

function reasonOf(code: string): RefusalReason | undefined {
  switch (code) {
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return 'handshake-timeout';
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return 'client-certificate-missing';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_UNKNOWN_PROTOCOL':
      return 'tls-version';
  }
  if (/_ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE)/.test(code))
    return 'certificate-refused';
  return code.startsWith('ERR_SSL_') || code === 'EPROTO' ? 'handshake-failed' : undefined;
}
