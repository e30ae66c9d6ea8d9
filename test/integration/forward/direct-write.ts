/**
 * Writes past the stream to readers on other threads, who may take what the kernel did not take at first while libuv still
 * holds the write. A request that is used again too early ends the process. Run by the test beside it.
 */
import { createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { writeBytesDirectly, writeDirectly } from '../../../proxy/wire/direct-write.ts';

const bytes = Buffer.alloc(400_000, 1);
const text = 'x'.repeat(200_000);
const listener = { onWritten() {} };

function writeOn(socket: Socket, turn: number): void {
  for (let piece = 0; piece < 20; piece += 1) {
    const taken =
      (turn + piece) % 2 === 0
        ? writeDirectly(socket, text)
        : writeBytesDirectly(socket, bytes, listener) !== 'refused';
    if (!taken) break;
  }
  if (!socket.destroyed) setImmediate(writeOn, socket, turn + 1);
}

const server = createServer((socket) => {
  socket.on('error', () => {});
  writeOn(socket, 0);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  const reader = `for (let i = 0; i < 3; i += 1) require('node:net').connect(${port}, '127.0.0.1').resume().on('error', () => {});`;
  for (let thread = 0; thread < 3; thread += 1) new Worker(reader, { eval: true });
});
setTimeout(() => process.exit(0), 3_000);
