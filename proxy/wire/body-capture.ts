/**
 * A bounded copy of a body that streams by, for shadow copies and comparison. It never delays the stream: past its
 * limit it only remembers that it was truncated.
 */
export class BodyCapture {
  readonly #limitBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #truncated = false;

  /** @param limitBytes maximum number of bytes kept */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when the body was longer than what is kept. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Takes a copy, so that the caller may reuse the chunk's memory. */
  append(chunk: Uint8Array): void {
    const room = this.#limitBytes - this.#bytes;
    if (chunk.length > room) this.#truncated = true;
    if (room <= 0 || chunk.length === 0) return;
    const kept = Buffer.from(chunk.length > room ? chunk.subarray(0, room) : chunk);
    this.#chunks.push(kept);
    this.#bytes += kept.length;
  }

  /** What was kept, as one buffer. */
  toBuffer(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#bytes);
  }

  /** Drops what was kept: a second attempt starts over. */
  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#truncated = false;
  }
}
