/**
 * Ends a client's connection so that a partial answer cannot be mistaken for a complete one. Where the connection's end
 * delimits the body, a clean end would mark it as complete (RFC 9112 section 8): only a reset shows that it is not.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** @param delimited whether the client can tell by the framing that something is missing */
export function cutClient(socket: Duplex, delimited: boolean): void {
  // For TLS, the missing close_notify shows the same.
  if (delimited || !(socket instanceof Socket) || socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
