/**
 * The upstream for what nginx cannot serve: reads uploads to their end before it answers, and sends a long chunked
 * body. Raw sockets: it is not what is measured.
 *
 *     POST /upload/count   answers with the number of bytes of the body
 *     POST /upload/hash    with their SHA-256, for the check before the measurement
 *     GET  /stream         STREAM_BYTES in chunks
 */
import { createHash, type Hash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { STREAM_BYTES } from './backend.ts';

const FRAME_BYTES = 65_536;
const FRAME = Buffer.concat([
  Buffer.from(`${FRAME_BYTES.toString(16)}\r\n`),
  Buffer.alloc(FRAME_BYTES, 'a'),
  Buffer.from('\r\n'),
]);

/** One connection: a head, then a body of known length, again and again. */
class Conversation {
  readonly #socket: Socket;
  #head = '';
  #length = 0;
  #left = 0;
  #hash: Hash | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  take(bytes: Buffer): void {
    if (this.#left > 0) {
      this.#takeBody(bytes);
      return;
    }
    this.#head += bytes.latin1Slice(0, bytes.length);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#head.slice(0, end);
    const surplus = this.#head.length - end - 4;
    this.#head = '';
    if (head.startsWith('GET /stream')) {
      this.#stream();
      return;
    }
    this.#length = Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    this.#left = this.#length;
    this.#hash = head.startsWith('POST /upload/hash') ? createHash('sha256') : undefined;
    this.#takeBody(bytes.subarray(bytes.length - surplus));
  }

  #takeBody(bytes: Buffer): void {
    this.#hash?.update(bytes);
    this.#left -= bytes.length;
    if (this.#left > 0) return;
    const answer = this.#hash?.digest('hex') ?? String(this.#length);
    this.#socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
  }

  #stream(): void {
    const socket = this.#socket;
    let left = STREAM_BYTES / FRAME_BYTES;
    const push = (): void => {
      while (left > 0) {
        left -= 1;
        if (!socket.write(FRAME)) return;
      }
      socket.removeListener('drain', push);
      socket.write('0\r\n\r\n');
    };
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.on('drain', push);
    push();
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  const conversation = new Conversation(socket);
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => conversation.take(bytes));
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as { port: number }).port }));
});
