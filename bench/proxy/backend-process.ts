/** The upstream for machines without nginx: answers every complete request head with the same bytes. */
import { createServer } from 'node:net';
import { BODY_SIZES, SMALL_BODY } from './backend.ts';

const answer = (body: string, type: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: keep-alive\r\n\r\n${body}`,
    'latin1',
  );
const small = answer(SMALL_BODY, 'application/json');
const files = new Map<string, Buffer>(
  Object.entries(BODY_SIZES).map(([name, bytes]) => [
    name,
    answer('a'.repeat(bytes), 'application/octet-stream'),
  ]),
);

const server = createServer({ noDelay: true }, (socket) => {
  let held = '';
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    held += piece.latin1Slice(0, piece.length);
    for (let end = held.indexOf('\r\n\r\n'); end !== -1; end = held.indexOf('\r\n\r\n')) {
      const name = /^GET \/files\/(\w+) /.exec(held)?.[1];
      held = held.slice(end + 4);
      socket.write((name === undefined ? undefined : files.get(name)) ?? small);
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as { port: number }).port }));
});
