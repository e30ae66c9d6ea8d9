/**
 * A thin client of PostgreSQL's streaming replication protocol. `pg` connects and authenticates (TLS, SCRAM, URLs);
 * then the socket is ours: the receiver gets the bytes as they arrive and supplies the position that is acknowledged.
 * The keepalive timer repeats that position, even while the socket is paused. pg-logical-replication is not used
 * because it acknowledges what it merely received.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { LIFT_LIMITS, SESSION_SETTINGS } from '../catalog/session-settings.ts';
import { endClient, withinTime } from './end-client.ts';
import { describeNoRoom } from './no-room.ts';
import { describePooler, poolerError } from './own-session.ts';

export interface SystemIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

export interface ReplicationReceiver {
  data(chunk: Buffer): void;
  /** The connection has closed; called once. */
  closed(error: Error | undefined): void;
  /** End of the last transaction that the source may discard; 0 for none. */
  acknowledged(): bigint;
}

interface StartOptions {
  readonly slot: string;
  readonly publication: string;
  /** Position to start after, `X/Y`. */
  readonly lsn: string;
}

const KEEPALIVE_SHARE = 0.5;
const EPOCH_OFFSET_US = 946_684_800_000_000n;

type RawClient = pg.Client & { readonly processID: number; readonly connection: { readonly stream: Socket } };

export class ReplicationConnection {
  readonly #client: RawClient;
  readonly #socket: Socket;
  #receiver: ReplicationReceiver | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** When bytes last arrived. */
  lastHeardMs = 0;
  /** The server's `wal_sender_timeout`; 0 means none. */
  readonly senderTimeoutMs: number;
  readonly identity: SystemIdentity;

  /** Use `open` to create one. */
  constructor(client: RawClient, identity: SystemIdentity, senderTimeoutMs: number) {
    this.#client = client;
    this.#socket = client.connection.stream;
    this.identity = identity;
    this.senderTimeoutMs = senderTimeoutMs;
  }

  static async open(url: string, applicationName: string, answerMs = 10_000): Promise<ReplicationConnection> {
    const client = new pg.Client({
      connectionString: url,
      replication: 'database',
      application_name: applicationName,
      keepAlive: true,
      connectionTimeoutMillis: answerMs,
    } as pg.ClientConfig) as unknown as RawClient;
    client.on('error', () => undefined);
    await connectReplication(client);
    try {
      return await withinTime(client, answerMs, async () => {
        await client.query(
          [
            ...Object.entries(SESSION_SETTINGS).map(([name, value]) => `SET ${name} = '${value}'`),
            LIFT_LIMITS,
          ].join(';'),
        );
        const system = await identifySystem(client);
        const timeout = await client.query(
          "SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'",
        );
        return new ReplicationConnection(
          client,
          { systemIdentifier: String(system.systemid), timeline: Number(system.timeline) },
          Number(timeout.rows[0]?.setting ?? 60_000),
        );
      });
    } catch (error) {
      await endClient(client);
      throw error;
    }
  }

  /** Process id of the server's backend. */
  get pid(): number {
    return this.#client.processID;
  }

  /** From here on the receiver gets the bytes; only `start` and `send` may follow. */
  attach(receiver: ReplicationReceiver): void {
    this.#receiver = receiver;
    this.#socket.removeAllListeners('data');
    this.#socket.on('data', (chunk: Buffer) => {
      this.lastHeardMs = Date.now();
      receiver.data(chunk);
    });
    this.#client.on('error', (error: Error) => this.#closed(error));
    this.#client.on('end', () => this.#closed(undefined));
  }

  /** Sends SQL; the response arrives as frames among the bytes and ends with a `Z`. */
  send(sql: string): void {
    this.#write(0x51, Buffer.from(`${sql}\0`, 'utf8'));
  }

  /** Sends START_REPLICATION. The server agrees or refuses with a `W` or `E` frame among the bytes. */
  start({ slot, publication, lsn }: StartOptions): void {
    const settings = `proto_version '1', publication_names '"${publication}"', messages 'true'`;
    this.send(`START_REPLICATION SLOT "${slot}" LOGICAL ${lsn} (${settings})`);
    this.lastHeardMs = Date.now();
    const period = this.senderTimeoutMs === 0 ? 10_000 : this.senderTimeoutMs * KEEPALIVE_SHARE;
    this.#timer = setInterval(() => this.#beat(), Math.max(20, Math.min(period, 10_000)));
  }

  /** Reports the acknowledged position, and that this client is alive; sends nothing before the stream has started. */
  reply(): void {
    this.#sendStatus();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get isPaused(): boolean {
    return this.#socket.isPaused();
  }

  /** Changes arrive unrequested and can be acknowledged. */
  get isStreaming(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * Still sends what was written. Resolves when the server's process has ended and released the slot, which may then be
   * dropped, moved or read. Waits one second for a server that does not answer.
   */
  async close(): Promise<void> {
    if (!this.#letGo() || this.#socket.destroyed) return;
    this.#socket.removeAllListeners('data').resume();
    await endClient(this.#client);
  }

  #beat(): void {
    // The server need not answer while our replies are in time, and decoding changes of no interest can take it long.
    this.#sendStatus({ wantsAnswer: true });
    if (this.senderTimeoutMs === 0 || this.isPaused) {
      this.lastHeardMs = Date.now();
      return;
    }
    // A live server answers our request well before this.
    if (Date.now() - this.lastHeardMs > this.senderTimeoutMs * 2)
      this.#closed(new Error('the source has been silent for twice its wal_sender_timeout'));
  }

  #closed(error: Error | undefined): void {
    if (!this.#letGo()) return;
    this.#socket.destroySoon();
    this.#receiver?.closed(error);
  }

  /** Nothing more is sent from here on; returns false when that was already so. */
  #letGo(): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#client.on('error', () => undefined);
    return true;
  }

  /** Standby status update: written, flushed and applied are the same here. */
  #sendStatus({ wantsAnswer = false } = {}): void {
    if (this.#isClosed || !this.#timer) return;
    const acknowledged = this.#receiver?.acknowledged() ?? 0n;
    const message = Buffer.alloc(34);
    message[0] = 0x72;
    message.writeBigUInt64BE(acknowledged, 1);
    message.writeBigUInt64BE(acknowledged, 9);
    message.writeBigUInt64BE(acknowledged, 17);
    message.writeBigInt64BE(BigInt(Date.now()) * 1000n - EPOCH_OFFSET_US, 25);
    message[33] = wantsAnswer ? 1 : 0;
    this.#write(0x64, message);
  }

  #write(type: number, body: Buffer): void {
    const head = Buffer.alloc(5);
    head[0] = type;
    head.writeInt32BE(body.length + 4, 1);
    this.#socket.write(Buffer.concat([head, body]));
  }
}

/** SQLSTATE of IDENTIFY_SYSTEM in a session that is none of a replication connection. */
const SYNTAX_ERROR = '42601';

/** Connects a client that asks for a replication connection. @throws FicusError when a pooler refuses it */
export async function connectReplication(client: pg.Client): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    throw describeNoRoom(describePooler(error));
  }
}

async function identifySystem(client: pg.Client): Promise<Record<string, unknown>> {
  try {
    return (await client.query('IDENTIFY_SYSTEM')).rows[0];
  } catch (error) {
    if ((error as { code?: unknown }).code !== SYNTAX_ERROR) throw error;
    throw poolerError('it answers a replication connection with an ordinary one', error);
  }
}
