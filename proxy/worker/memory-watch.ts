/**
 * Whether a worker holds more in buffers than `limits.bufferedBytes`: bodies and copies live there, and a flood of slow
 * readers fills it. While it does, new requests are refused.
 */
import type { Logger } from 'pino';

const CHECK_EACH_MS = 100;

export class MemoryWatch {
  readonly #logger: Logger;
  readonly #limitBytes: () => number;
  #timer: NodeJS.Timeout | undefined;
  #bufferedBytes = 0;
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
    const { arrayBuffers } = process.memoryUsage();
    const limit = this.#limitBytes();
    this.#bufferedBytes = arrayBuffers;
    const shedding = arrayBuffers > limit;
    if (shedding === this.#shedding) return;
    this.#shedding = shedding;
    const text = shedding
      ? 'buffers are over their limit: new requests are refused'
      : 'buffers are below their limit: requests are accepted again';
    this.#logger.warn({ arrayBuffers, limit }, text);
  }
}
