/**
 * A pooler in front of a cluster without passwords: what PgBouncer and managed databases do, in the little that matters
 * here. A client gets a server session for each transaction, and whatever it set stays there.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

interface PoolerOptions {
  readonly port: number;
  /**
   * `last`: the session used last; `first`: the one unused for longest; `own`: always the same one, as a gateway does;
   * `kept`: always the same one, which the next connection gets as it is.
   */
  readonly gives: 'last' | 'first' | 'own' | 'kept';
  /** Clients get a cancel key of one of the server's sessions. */
  readonly realKeys: boolean;
  readonly replication?: 'refused' | 'ignored';
}

const REPLICATION = Buffer.from('replication\0database\0');

interface Session {
  readonly socket: Socket;
  readonly key: Buffer;
}

const AUTHENTICATION_OK = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const TERMINATE = 0x58;

export async function startPooler(options: PoolerOptions) {
  const idle: Session[] = [];
  const sockets = new Set<Socket>();
  const opened = (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
    return socket;
  };
  const server = createServer((client) => void serve(opened(client)).catch(() => client.destroy()));
  await once(server.listen(0, '127.0.0.1'), 'listening');

  async function serve(client: Socket): Promise<void> {
    let startup: Buffer = Buffer.alloc(0);
    for await (const chunk of client.iterator({ destroyOnReturn: false })) {
      startup = Buffer.concat([startup, chunk]);
      if (startup.length >= 4 && startup.length >= startup.readInt32BE(0)) break;
    }
    if (startup.includes(REPLICATION) && options.replication === 'refused') return refuse(client);
    if (startup.includes(REPLICATION) && options.replication === 'ignored')
      startup = withoutReplication(startup);
    const first = (options.gives === 'kept' && idle.pop()) || (await openSession(startup));
    const key = options.realKeys ? first.key : Buffer.from('4b0000000c0000007b00000007', 'hex');
    client.write(Buffer.concat([AUTHENTICATION_OK, key, READY]));
    if (options.gives === 'own') return void client.pipe(first.socket).pipe(client);
    if (options.gives === 'kept') return lend(client, first);
    idle.push(first);
    forward(client, startup);
  }

  function lend(client: Socket, session: Session): void {
    session.socket.on('data', (bytes: Buffer) => client.write(bytes));
    client.on('data', (chunk: Buffer) =>
      chunk[0] === TERMINATE ? client.end() : session.socket.write(chunk),
    );
    client.on('close', () => {
      session.socket.removeAllListeners('data');
      idle.push(session);
    });
  }

  async function openSession(startup: Buffer): Promise<Session> {
    const socket = opened(connect(options.port, '127.0.0.1'));
    socket.write(startup);
    let greeting = Buffer.alloc(0);
    while (!isReady(greeting)) greeting = Buffer.concat([greeting, (await once(socket, 'data'))[0]]);
    return { socket, key: frameOf(greeting, 0x4b) };
  }

  function forward(client: Socket, startup: Buffer): void {
    let held: Session | Promise<Session> | undefined;
    client.on('data', async (chunk: Buffer) => {
      if (chunk[0] === TERMINATE) return client.end();
      held ??= options.gives === 'last' ? idle.pop() : idle.shift();
      held ??= openSession(startup);
      const session = await held;
      if (session.socket.listenerCount('data') === 0) {
        let answer = Buffer.alloc(0);
        session.socket.on('data', (bytes: Buffer) => {
          client.write(bytes);
          answer = Buffer.concat([answer, bytes]).subarray(-6);
          if (!answer.equals(READY)) return;
          session.socket.removeAllListeners('data');
          held = undefined;
          idle.push(session);
        });
      }
      session.socket.write(chunk);
    });
  }

  return {
    port: (server.address() as { port: number }).port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function refuse(client: Socket): void {
  const fields = Buffer.from('SFATAL\0C08P01\0Munsupported startup parameter: replication\0\0');
  const head = Buffer.from([0x45, 0, 0, 0, fields.length + 4]);
  client.end(Buffer.concat([head, fields]));
}

function withoutReplication(startup: Buffer): Buffer {
  const at = startup.indexOf(REPLICATION);
  const left = Buffer.concat([startup.subarray(0, at), startup.subarray(at + REPLICATION.length)]);
  left.writeInt32BE(left.length);
  return left;
}

function isReady(bytes: Buffer): boolean {
  return bytes.length >= 6 && bytes[bytes.length - 6] === 0x5a;
}

/** The first frame of this type. */
function frameOf(bytes: Buffer, type: number): Buffer {
  let at = 0;
  while (bytes[at] !== type) at += 1 + bytes.readInt32BE(at + 1);
  return bytes.subarray(at, at + 1 + bytes.readInt32BE(at + 1));
}
