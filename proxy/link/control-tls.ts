/**
 * TLS of the proxy's and the commands' own connections to the control plane: its authority, and the certificate that they
 * show. The files are read for each new connection, so a renewed one needs no restart.
 */
import { Agent, request as httpsRequest } from 'node:https';
import { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { ControlClientConfig } from '@ficus/core';
import { readPair, readPem } from '../files/pem-files.ts';

/** @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID */
export function readControlTls(client: ControlClientConfig | undefined): ConnectionOptions {
  if (client === undefined) return {};
  const { ca, cert, key, serverName } = client;
  return {
    ...(ca === undefined ? {} : { ca: readPem(ca, 'control.client.ca') }),
    ...(cert === undefined || key === undefined ? {} : readPair({ cert, key }, 'control.client')),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

class ControlAgent extends Agent {
  readonly #client: ControlClientConfig | undefined;

  constructor(client: ControlClientConfig | undefined) {
    // Node finds a session by the options before the files are read: it would show the certificate of an earlier one.
    super({ keepAlive: true, maxSockets: 8, maxCachedSessions: 0 });
    this.#client = client;
  }

  override createConnection(
    options: ConnectionOptions,
    done: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    try {
      return super.createConnection({ ...options, ...readControlTls(this.#client) }, done);
    } catch (error) {
      // For a request that waited, Node calls this in an event of another connection: thrown, it would end the process.
      return failingConnection(error as Error);
    }
  }
}

/** Fails like any other, so that the next request in the queue has its turn: one that gets an error instead leaves it waiting. */
function failingConnection(error: Error): Duplex {
  const connection = new Duplex({ construct: (failed) => void setImmediate(failed, error) });
  // A request that was aborted while it waited does not listen for it.
  return connection.on('error', () => undefined);
}

const agents = new Map<string, Agent>();

/** Keeps connections; one for each way to connect. */
export function controlAgent(client: ControlClientConfig | undefined): Agent {
  const key = JSON.stringify(client ?? {});
  const known = agents.get(key) ?? new ControlAgent(client);
  agents.set(key, known);
  return known;
}

export type SendRequest = (url: string, init: RequestInit) => Promise<Response>;

/** `fetch` for the control plane: Node's own cannot be given an authority or a certificate. */
export function controlFetch(client: ControlClientConfig | undefined): SendRequest {
  return (url, init) => (url.startsWith('https:') ? secureFetch(url, init, client) : fetch(url, init));
}

function secureFetch(
  url: string,
  { method = 'GET', headers, body, signal }: RequestInit,
  client: ControlClientConfig | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      agent: controlAgent(client),
      headers: { ...(headers as Record<string, string>) },
      ...(signal ? { signal } : {}),
    };
    const request = httpsRequest(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const { etag } = response.headers;
        // A body is not allowed in some.
        const text = status === 204 || status === 304 ? null : Buffer.concat(chunks);
        resolve(new Response(text, { status, headers: etag === undefined ? {} : { etag } }));
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
