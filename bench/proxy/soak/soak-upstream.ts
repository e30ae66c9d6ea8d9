/** The upstream of the soak: echoes, sends what is requested, upgrades, and can be stopped and restarted. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

const all = new Set<SoakUpstream>();

export class SoakUpstream {
  url = '';
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<SoakUpstream> {
    const upstream = new SoakUpstream();
    await upstream.#listen(0);
    all.add(upstream);
    return upstream;
  }

  /** Connections to all of its servers. */
  static openConnections(): number {
    return [...all].reduce((total, each) => total + each.#sockets.size, 0);
  }

  /** Cuts every connection, then listens again on the same port. */
  async restart(): Promise<void> {
    const { port } = this.#server!.address() as AddressInfo;
    await this.#close();
    await this.#listen(port);
  }

  async stop(): Promise<void> {
    all.delete(this);
    await this.#close();
  }

  async #close(): Promise<void> {
    const server = this.#server!;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  async #listen(port: number): Promise<void> {
    const server = createServer(answer);
    server.on('upgrade', (_request: IncomingMessage, socket: Socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.on('data', (piece) => socket.write(piece));
      socket.on('end', () => socket.end());
    });
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await listening(server, port);
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

/** While no server listens, the port may be the local end of another connection: listening is retried. */
async function listening(server: Server, port: number): Promise<void> {
  for (;;) {
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/**
 * `/items/bytes/N[/chunked]` sends N bytes, `/items/echo` what it received, `/items/slow` half an answer and no more.
 */
function answer(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {});
  response.on('error', () => {});
  const [, , kind, size, framing] = request.url!.split('/');
  if (kind === 'echo') {
    const length = request.headers['content-length'];
    if (length !== undefined) response.setHeader('content-length', length);
    request.pipe(response);
    return;
  }
  request.resume();
  if (kind === 'slow') {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half');
    return;
  }
  const body = Buffer.alloc(Number(size), 'z');
  if (framing === 'chunked') response.write(body.subarray(0, body.length >> 1));
  else response.setHeader('content-length', body.length);
  response.end(framing === 'chunked' ? body.subarray(body.length >> 1) : body);
}
