/**
 * Server-sent events over a raw response. A reader that falls behind is disconnected, not buffered without bound: it
 * reconnects and gets the whole state.
 */
import type { ServerResponse } from 'node:http';
import type { Caller } from './access-tokens.ts';

const MOST_BUFFERED = 1024 * 1024;
const COMMENT_MS = 15_000;

export class EventStreams {
  readonly #open = new Map<ServerResponse, Caller>();

  get count(): number {
    return this.#open.size;
  }

  /** Answers the caller with an open stream; `onClose` runs once when it ends, on either side. */
  add(response: ServerResponse, caller: Caller, onClose: () => void): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    response.socket?.setNoDelay(true);
    // Keeps middleboxes and the client's read timeout from closing the stream.
    const comments = setInterval(() => response.write(':\n\n'), COMMENT_MS);
    this.#open.set(response, caller);
    response.on('error', () => undefined);
    response.on('close', () => {
      clearInterval(comments);
      this.#open.delete(response);
      onClose();
    });
  }

  /** Ends every stream. */
  closeAll(): void {
    this.closeUnless(() => false);
  }

  /** Ends the streams of callers who are no longer accepted. */
  closeUnless(isAccepted: (caller: Caller) => boolean): void {
    for (const [response, caller] of this.#open) {
      if (isAccepted(caller)) continue;
      response.end();
      response.socket?.destroySoon();
    }
  }
}

/** Writes one event. */
export function sendEvent(response: ServerResponse, event: string, data: unknown, id?: string): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.writableLength > MOST_BUFFERED) {
    response.destroy();
    return;
  }
  response.write(
    `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`,
  );
}
