/** One client of the soak: performs one action after another, all kinds in turn, and checks every complete answer. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';

type Deed = (client: SoakClient) => Promise<void>;

const DEEDS: Readonly<Record<string, Deed>> = {
  small: (client) => client.get('/items/bytes/200', 200),
  chunked: (client) => client.get('/items/bytes/5000/chunked', 5000),
  large: (client) => client.get('/items/bytes/700000', 700_000),
  upload: (client) => client.echo(3_000, false),
  uploadLarge: (client) => client.echo(400_000, false),
  uploadChunked: (client) => client.echo(90_000, true),
  abort: (client) => client.abandon('/items/slow', false),
  reset: (client) => client.abandon('/items/slow', true),
  slowReader: (client) => client.readSlowly('/items/bytes/300000', 300_000),
  upgrade: (client) => client.tunnel(false),
  upgradeReset: (client) => client.tunnel(true),
  malformed: (client) => client.malformed(),
};

/** A step that takes longer is stuck. */
const STUCK_MS = 10_000;

export class SoakClient {
  readonly done = new Map<string, number>();
  readonly wrong: string[] = [];
  refused = 0;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #headers: Record<string, string>;
  #turn: number;

  constructor(port: number, index: number) {
    this.#port = port;
    this.#turn = index;
    this.#headers = { cookie: `sid=user-${index}` };
  }

  async workUntil(time: number): Promise<void> {
    const names = Object.keys(DEEDS);
    while (Date.now() < time) {
      const name = names[this.#turn % names.length]!;
      this.#turn += 1;
      const stuck = setTimeout(() => this.wrong.push(`${name} is stuck`), STUCK_MS);
      try {
        await DEEDS[name]!(this);
      } catch {
        // A cut upstream cuts answers short: the client must notice, which this tests.
        this.refused += 1;
      }
      clearTimeout(stuck);
      this.done.set(name, (this.done.get(name) ?? 0) + 1);
    }
    this.#agent.destroy();
  }

  async get(path: string, bytes: number): Promise<void> {
    const body = await this.#whole(await this.#send('GET', path));
    if (body !== undefined) this.#check(path, body, bytes);
  }

  async echo(bytes: number, chunked: boolean): Promise<void> {
    const headers = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes) };
    const body = await this.#whole(
      await this.#send('POST', '/items/echo', headers, Buffer.alloc(bytes, 'z')),
    );
    if (body !== undefined) this.#check('echo', body, bytes);
  }

  async readSlowly(path: string, bytes: number): Promise<void> {
    const response = await this.#send('GET', path);
    response.pause();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const body = await this.#whole(response);
    if (body !== undefined) this.#check(path, body, bytes);
  }

  async abandon(path: string, reset: boolean): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await firstData(socket);
    if (reset) socket.resetAndDestroy();
    else socket.destroy();
    await closed(socket);
  }

  async tunnel(reset: boolean): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET /items/tunnel HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    if (reset) {
      socket.resetAndDestroy();
      await closed(socket);
      return;
    }
    const head = await firstData(socket);
    if (head.startsWith('HTTP/1.1 101')) {
      socket.write('ping');
      const echoed = await firstData(socket);
      if (echoed === '') this.refused += 1;
      else if (echoed !== 'ping') this.wrong.push(`the tunnel said ${echoed}`);
    } else this.refused += 1;
    socket.end();
    await closed(socket);
  }

  async malformed(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost : h\r\n\r\n');
    if (!(await firstData(socket)).startsWith('HTTP/1.1 400'))
      this.wrong.push('a malformed request was not refused');
    socket.end();
    await closed(socket);
  }

  #check(what: string, body: Buffer, bytes: number): void {
    if (body.length !== bytes || body.some((byte) => byte !== 122)) {
      this.wrong.push(`${what}: ${body.length} bytes instead of ${bytes}, taken for whole`);
    }
  }

  /** The body when the answer is 200; when an upstream was down, none, which is counted. */
  async #whole(response: IncomingMessage): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    if (response.statusCode === 200) return Buffer.concat(chunks);
    this.refused += 1;
    if (response.statusCode! < 500) this.wrong.push(`status ${response.statusCode}`);
    return undefined;
  }

  #send(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: Buffer,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          port: this.#port,
          host: '127.0.0.1',
          method,
          path,
          agent: this.#agent,
          headers: { ...this.#headers, ...headers },
        },
        resolve,
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

/** The first data, or nothing when the connection ends before. */
function firstData(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (piece: Buffer) => resolve(piece.toString('latin1')));
    socket.once('close', () => resolve(''));
  });
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, 'close');
}
