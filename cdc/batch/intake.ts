/**
 * Collects the bytes of the replication connection. They are kept in one growing buffer, scanned as they arrive, and
 * read into the current batch up to the last whole transaction; when the applier is ready it takes the batch with the
 * buffer that it points into, and the rest moves to a fresh one. The feeding side bounds the memory: `wantsPause` says
 * when to stop reading the socket.
 */
import { readChanges } from '../decode/read-changes.ts';
import { type FrameListener, frameEnd, type ScanState, scanFrames } from '../decode/scan-frames.ts';
import type { Batch } from './batch.ts';
import type { BatchBuilder } from './batch-builder.ts';

const FIRST_BUFFER = 256 * 1024;
const SLACK = 256 * 1024;

export class Intake {
  #bytes: Buffer;
  #length = 0;
  #readAt = 0;
  readonly #state: ScanState = { scanned: 0, boundary: -1 };
  /** The batch ends here, whatever has arrived since. */
  #closed = false;
  #spare: Buffer | undefined;
  readonly #builder: BatchBuilder;
  readonly #listener: FrameListener;
  readonly #limit: number;

  constructor(makeBuilder: (bytes: Buffer) => BatchBuilder, listener: FrameListener, limitBytes: number) {
    this.#bytes = Buffer.allocUnsafe(FIRST_BUFFER);
    this.#builder = makeBuilder(this.#bytes);
    this.#listener = listener;
    this.#limit = limitBytes;
  }

  push(chunk: Buffer): void {
    this.#reserve(chunk.length);
    chunk.copy(this.#bytes, this.#length);
    this.#length += chunk.length;
    scanFrames(this.#bytes, this.#length, this.#state, this.#listener);
    this.#read();
  }

  /** A batch can be taken. */
  get ready(): boolean {
    const { batch } = this.#builder;
    return this.#closed || batch.transactions > 0 || this.#readAt >= this.#limit;
  }

  /** The batch must be taken before anything else can be read. */
  get isClosed(): boolean {
    return this.#closed;
  }

  get batch(): Batch {
    return this.#builder.batch;
  }

  /** Feeding should stop until the next take. */
  get wantsPause(): boolean {
    return this.#length >= this.#limit && this.ready;
  }

  /** Hands the batch over; `release` its buffer when it has been processed. */
  take(): Batch {
    const fresh = this.#freshBuffer(this.#length - this.#readAt);
    this.#bytes.copy(fresh, 0, this.#readAt, this.#length);
    const batch = this.#builder.take(fresh);
    this.#length -= this.#readAt;
    this.#state.scanned -= this.#readAt;
    this.#state.boundary = this.#state.boundary > this.#readAt ? this.#state.boundary - this.#readAt : -1;
    this.#bytes = fresh;
    this.#readAt = 0;
    this.#closed = false;
    this.#read();
    return batch;
  }

  release(batch: Batch): void {
    if (!this.#spare || this.#spare.length < batch.bytes.length) this.#spare = batch.bytes;
    if (this.#spare.length > this.#limit * 2) this.#spare = undefined;
  }

  #read(): void {
    if (this.#closed) return;
    // A transaction larger than the limit is read in parts, without waiting for its end.
    const to = this.#state.scanned - this.#readAt > this.#limit ? this.#state.scanned : this.#state.boundary;
    if (to <= this.#readAt) return;
    const result = readChanges(this.#bytes, this.#readAt, to, this.#builder);
    this.#readAt = result.at;
    this.#closed = result.answer !== 0;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    // Doubles up to the limit, plus some slack for bytes that arrive while feeding stops. A larger row says how large it
    // is: growing by the slack alone would copy what has arrived again and again.
    const room = Math.min(this.#bytes.length * 2, this.#limit + SLACK);
    const least = Math.max(this.#length + length, frameEnd(this.#bytes, this.#length, this.#state.scanned));
    const larger = Buffer.allocUnsafe(Math.max(room, least + SLACK));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
    this.#builder.batch.bytes = larger;
  }

  #freshBuffer(atLeast: number): Buffer {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare && spare.length >= atLeast) return spare;
    return Buffer.allocUnsafe(Math.max(FIRST_BUFFER, atLeast + SLACK));
  }
}
