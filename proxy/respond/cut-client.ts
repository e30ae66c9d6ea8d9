/**
 * Ends a client's connection so that what it has of the answer cannot be taken for the whole. Where the end
 * of the body is that of the connection, a clean end would say that it is complete (RFC 9112 section 8): only
 * a reset says it is not.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** @param delimited whether the client can tell by the framing that something is missing */
export function cutClient(socket: Duplex, delimited: boolean): void {
  // Of TLS the missing close_notify says the same.
  if (delimited || !(socket instanceof Socket) || socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
