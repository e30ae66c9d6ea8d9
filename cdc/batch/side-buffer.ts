/** Append-only memory for the few tuples of a batch that differ from what the stream sent. */
export class SideBuffer {
  bytes = Buffer.alloc(0);
  #end = 0;

  /** Copies a tuple in; returns its position. */
  append(tuple: Buffer): number {
    const at = this.#end;
    if (at + tuple.length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(4096, this.bytes.length * 2, at + tuple.length));
      this.bytes.copy(larger, 0, 0, at);
      this.bytes = larger;
    }
    tuple.copy(this.bytes, at);
    this.#end += tuple.length;
    return at;
  }
}
