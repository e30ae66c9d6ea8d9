/**
 * Idle connections on which a client has logged in (NTLM, Negotiate), each kept for that client alone: the upstream
 * would answer any other request on it as that user's. A connection ends with its client's connection.
 *
 * They keep their places in the pool. When the pool needs a place, the one idle longest is closed: its client logs in
 * again, which browsers do without asking.
 */
import type { Socket } from 'node:net';
import type { UpstreamConnection } from './upstream-connection.ts';

interface Kept {
  readonly connection: UpstreamConnection;
  readonly client: Socket;
  readonly onClientClose: () => void;
}

export class LoginConnections {
  /** By client; the one idle longest is first. */
  readonly #kept = new Map<Socket, Kept>();

  get count(): number {
    return this.#kept.size;
  }

  /** Keeps an idle connection until its client asks again. */
  keep(connection: UpstreamConnection, client: Socket): void {
    if (client.destroyed) {
      connection.destroy();
      return;
    }
    this.#remove(client)?.destroy();
    const onClientClose = () => connection.destroy();
    client.once('close', onClientClose);
    this.#kept.set(client, { connection, client, onClientClose });
  }

  /** The client's connection, which is kept no longer. */
  take(client: Socket): UpstreamConnection | undefined {
    const connection = this.#remove(client);
    return connection?.usable ? connection : undefined;
  }

  /** The one idle longest, which is kept no longer. */
  takeOldest(): UpstreamConnection | undefined {
    const [oldest] = this.#kept.keys();
    return oldest && this.#remove(oldest);
  }

  forget(connection: UpstreamConnection): void {
    const { client } = connection;
    if (client !== undefined && this.#kept.get(client)?.connection === connection) this.#remove(client);
  }

  /** Closes those that may not stay. */
  closeWhere(isOver: (connection: UpstreamConnection) => boolean): void {
    for (const { connection, client } of this.#kept.values()) {
      if (!isOver(connection)) continue;
      this.#remove(client);
      connection.destroy();
    }
  }

  #remove(client: Socket): UpstreamConnection | undefined {
    const kept = this.#kept.get(client);
    if (kept === undefined) return undefined;
    this.#kept.delete(client);
    client.off('close', kept.onClientClose);
    return kept.connection;
  }
}
