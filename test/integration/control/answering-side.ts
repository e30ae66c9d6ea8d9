/** An upstream that answers what a test says, and keeps what it was sent. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

export interface Side {
  readonly server: Server;
  readonly url: string;
  /** Bodies by path; a function is called for each request. */
  answer: (path: string, headers: NodeJS.Dict<string | string[]>) => string;
  seen: NodeJS.Dict<string | string[]>[];
}

export async function startSide(): Promise<Side> {
  const side = { answer: () => '{}', seen: [] } as unknown as { -readonly [K in keyof Side]: Side[K] };
  side.server = createServer((request, response) => {
    side.seen.push(request.headers);
    response.setHeader('content-type', 'application/json');
    response.end(side.answer(request.url ?? '', request.headers));
  }).listen(0, '127.0.0.1');
  await once(side.server, 'listening');
  side.url = `http://127.0.0.1:${(side.server.address() as { port: number }).port}`;
  return side;
}
