/**
 * Memory for bytes on their way out. A large body is copied once, from the memory it was read into to a block, and both
 * are reused. Fresh memory for each piece would cost more than the kernel does: it is never in the processor's cache,
 * and V8 scans its whole heap after every few megabytes of new buffers.
 */
import type { WriteListener } from './direct-write.ts';

/** Called when a waiting block is written, or never will be. */
export interface BlockOwner {
  onBlockWritten(): void;
}

/** Room for the data of one read, with the head or the framing of its chunks. */
export const BLOCK_BYTES = 81_920;
/** Spare blocks kept; more are in use only while that many clients block theirs. */
const MOST_SPARE = 16;

const spare: WriteBlock[] = [];

export class WriteBlock implements WriteListener {
  /** How many bytes are in it. */
  length = 0;
  /** The owner of these bytes. */
  owner: BlockOwner | undefined;
  readonly #memory = Buffer.allocUnsafeSlow(BLOCK_BYTES);

  static take(owner: BlockOwner): WriteBlock {
    const block = spare.pop() ?? new WriteBlock();
    block.owner = owner;
    return block;
  }

  /** Its bytes are no longer needed. */
  giveBack(): void {
    this.length = 0;
    this.owner = undefined;
    if (spare.length < MOST_SPARE) spare.push(this);
  }

  /** It was `waiting`, and no longer is. */
  onWritten(): void {
    const { owner } = this;
    this.giveBack();
    owner?.onBlockWritten();
  }

  get room(): number {
    return BLOCK_BYTES - this.length;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.length);
  }

  /** @param text as latin1, no longer than `room` */
  addText(text: string): void {
    this.length += this.#memory.write(text, this.length, 'latin1');
  }

  /** Adds no more than `room`. @returns up to where the bytes were taken */
  addBytes(memory: Buffer, start: number, end: number): number {
    const taken = memory.copy(this.#memory, this.length, start, Math.min(end, start + this.room));
    this.length += taken;
    return start + taken;
  }
}
