/**
 * Writes the pieces of one response: directly to the connection where the response is ours and at the front of it, by
 * Node's own methods everywhere else. Knows whether the client takes more, and is notified when the client disconnects.
 *
 * A head goes where `ServerResponse.writeHead` would have put it (`_header`), because that method parses every field
 * again. `server-response-internals` lists what this relies on, and a test checks each supported Node for it.
 */
import type { ServerResponse } from 'node:http';
import type { BlockOwner, WriteBlock } from '../wire/write-block.ts';
import type { ClientWatcher } from './client-side.ts';
import { LeanResponse } from './lean-response.ts';
import type { ServerResponseInternals } from './server-response-internals.ts';

export class ResponseWriter implements BlockOwner {
  readonly response: ServerResponse & ServerResponseInternals;
  /** Whether a byte of the final response was written. */
  started = false;
  /** Whether the client takes no more bytes for now. */
  blocked = false;

  readonly #lean: LeanResponse | undefined;
  #watcher: ClientWatcher | undefined;
  /** Blocks that the kernel has not taken completely. */
  #waiting = 0;
  /** Listeners on a Node response, created only when needed. */
  #onClose: (() => void) | undefined;
  #onDrain: (() => void) | undefined;

  constructor(response: ServerResponse) {
    this.response = response as ServerResponse & ServerResponseInternals;
    this.#lean = response instanceof LeanResponse ? response : undefined;
  }

  watch(watcher: ClientWatcher): void {
    this.#watcher = watcher;
    if (this.#lean !== undefined) {
      this.#lean.watcher = watcher;
      return;
    }
    this.#onClose = () => this.#watcher?.onClientClose();
    this.response.on('close', this.#onClose);
  }

  release(): void {
    this.#watcher = undefined;
    if (this.#lean !== undefined) this.#lean.watcher = undefined;
    if (this.#onClose !== undefined) this.response.removeListener('close', this.#onClose);
    if (this.#onDrain !== undefined) this.response.removeListener('drain', this.#onDrain);
    this.#onDrain = undefined;
  }

  /** Writes a complete response, head included, and ends it. */
  endWhole(whole: string): void {
    this.started = true;
    if (this.#lean?.endWhole(whole)) return;
    this.response._header = whole;
    this.response.end();
  }

  end(): void {
    this.response.end();
  }

  /** Writes text, after the head if that is not written yet. */
  writeText(head: string, text: string): void {
    const { response, started } = this;
    this.started = true;
    if (this.#lean?.writeText(started ? text : head + text)) return;
    if (!started) response._header = head;
    this.#noteWrite(response.write(text, 'latin1'));
  }

  /** Writes a block, with the head in it if that was not written yet, and releases it. */
  writeBlock(head: string, block: WriteBlock): void {
    const { response } = this;
    this.started = true;
    switch (this.#lean?.writeBytes(block.bytes, block)) {
      case 'whole':
        block.giveBack();
        break;
      case 'waiting':
        this.#waiting += 1;
        this.blocked = true;
        break;
      default:
        response._header ??= head;
        response._headerSent = true;
        this.#noteWrite(response.write(block.bytes, () => block.giveBack()));
    }
  }

  /** A write of the stream returns whether it takes more. */
  #noteWrite(takesMore: boolean): void {
    if (takesMore) return;
    this.blocked = true;
    if (this.#onDrain !== undefined) return;
    this.#onDrain = () => this.#unblock();
    this.response.on('drain', this.#onDrain);
  }

  onBlockWritten(): void {
    this.#waiting -= 1;
    this.#unblock();
  }

  #unblock(): void {
    if (this.#waiting > 0 || this.response.writableNeedDrain) return;
    this.blocked = false;
    this.#watcher?.onClientDrain();
  }
}
