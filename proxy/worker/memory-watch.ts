/**
 * Whether a worker holds more in buffers than `limits.bufferedBytes`: bodies and copies live there, and a flood of slow
 * readers fills it. While it does, new requests are refused.
 */
import { getHeapStatistics } from 'node:v8';
import type { Logger } from 'pino';

const CHECK_EACH_MS = 100;
/** Of the checks, one reads all: in between, what is not in buffers hardly changes. */
const FULL_EACH = 10;

export class MemoryWatch {
  readonly #logger: Logger;
  readonly #limitBytes: () => number;
  #timer: NodeJS.Timeout | undefined;
  #bufferedBytes = 0;
  /** Memory outside V8's heap that is not in buffers, at the last full reading. */
  #otherBytes = 0;
  #checks = 0;
  #shedding = false;

  constructor(logger: Logger, limitBytes: () => number) {
    this.#logger = logger;
    this.#limitBytes = limitBytes;
  }

  get shedding(): boolean {
    return this.#shedding;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  start(): void {
    this.#timer = setInterval(() => this.#check(), CHECK_EACH_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const limit = this.#limitBytes();
    const isDue = this.#checks++ % FULL_EACH === 0;
    let arrayBuffers = isDue ? this.#readArrayBuffers() : this.#estimate();
    // What an estimate would change, a full reading decides.
    if (!isDue && arrayBuffers > limit !== this.#shedding) arrayBuffers = this.#readArrayBuffers();
    this.#bufferedBytes = arrayBuffers;
    const shedding = arrayBuffers > limit;
    if (shedding === this.#shedding) return;
    this.#shedding = shedding;
    const text = shedding
      ? 'buffers are over their limit: new requests are refused'
      : 'buffers are below their limit: requests are accepted again';
    this.#logger.warn({ arrayBuffers, limit }, text);
  }

  /**
   * `process.memoryUsage` also reads how much is resident, from a file, and throws when no descriptor is left to open it.
   * That happens in the flood that this watch is for: then the total outside the heap is taken, which needs no file.
   */
  #readArrayBuffers(): number {
    try {
      const { arrayBuffers, external } = process.memoryUsage();
      this.#otherBytes = external - arrayBuffers;
      return arrayBuffers;
    } catch {
      return this.#estimate();
    }
  }

  #estimate(): number {
    return Math.max(0, getHeapStatistics().external_memory - this.#otherBytes);
  }
}
