/** COPY through a `pg` connection, as bytes: out into memory, in from memory. Not for pipelined connections. */
import type { Socket } from 'node:net';
import type pg from 'pg';

interface Wire {
  readonly stream: Socket;
  query(text: string): void;
  endCopyFrom(): void;
}

/** What `pg` expects of a query object for COPY. */
abstract class CopyQuery {
  /** Rows that the server says it has read or written. */
  rows = 0;
  callback: ((error: Error | null) => void) | undefined;
  readonly text: string;
  #error: Error | null = null;

  constructor(text: string) {
    this.text = text;
  }

  submit(wire: Wire): null {
    wire.query(this.text);
    return null;
  }

  handleError(error: Error): void {
    this.#error = error;
    this.callback?.(error);
    this.callback = undefined;
  }

  handleReadyForQuery(): void {
    this.callback?.(this.#error);
    this.callback = undefined;
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(message: { text: string }): void {
    this.rows = Number(/^COPY (\d+)/.exec(message.text)?.[1] ?? 0);
  }
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(_wire: Wire): void {}
  handleCopyData(_message: { chunk: Buffer }): void {}
}

class CopyOut extends CopyQuery {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #end = 0;

  // Copied at once: the parser reuses its buffer.
  override handleCopyData({ chunk }: { chunk: Buffer }): void {
    if (this.#end + chunk.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + chunk.length));
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  get data(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }
}

class CopyIn extends CopyQuery {
  readonly #data: Buffer;

  constructor(text: string, data: Buffer) {
    super(text);
    this.#data = data;
  }

  override handleCopyInResponse(wire: Wire): void {
    wire.stream.cork();
    // Frames need not match rows; a megabyte each keeps the server's buffer small.
    for (let from = 0; from < this.#data.length; from += FRAME) {
      const body = this.#data.subarray(from, from + FRAME);
      const head = Buffer.alloc(5);
      head[0] = 0x64;
      head.writeInt32BE(body.length + 4, 1);
      wire.stream.write(head);
      wire.stream.write(body);
    }
    wire.stream.uncork();
    wire.endCopyFrom();
  }
}

const FRAME = 1024 * 1024;

/** `COPY … TO STDOUT`: returns all data. */
export async function copyOut(client: pg.ClientBase, text: string): Promise<Buffer> {
  const query = new CopyOut(text);
  await run(client, query);
  return query.data;
}

/** `COPY … FROM STDIN` of the bytes. @returns how many rows the server has written */
export async function copyIn(client: pg.ClientBase, text: string, data: Buffer): Promise<number> {
  const query = new CopyIn(text, data);
  await run(client, query);
  return query.rows;
}

function run(client: pg.ClientBase, query: CopyQuery): Promise<void> {
  return new Promise((resolve, reject) => {
    query.callback = (error) => (error ? reject(error) : resolve());
    client.query(query as unknown as pg.Submittable);
  });
}
