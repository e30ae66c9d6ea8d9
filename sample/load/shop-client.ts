/** HTTP for the load generator: kept-alive connections, JSON, and the proxy's headers on which side served. */
import { Agent, type IncomingMessage, request } from 'node:http';

export interface ShopResponse {
  readonly status: number;
  readonly body: unknown;
  /** `x-ficus-side` and `x-ficus-reason`; empty when the proxy does not expose them. */
  readonly side: string;
  readonly reason: string;
  readonly setCookie: readonly string[];
  readonly durationMs: number;
}

export interface ShopRequest {
  readonly method: string;
  readonly path: string;
  readonly cookie?: string | undefined;
  readonly body?: unknown;
}

export class ShopClient {
  readonly #base: URL;
  readonly #agent: Agent;

  constructor(url: string, connections: number) {
    this.#base = new URL(url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** @throws when no complete answer arrived */
  send({ method, path, cookie, body }: ShopRequest): Promise<ShopResponse> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.#agent,
          host: this.#base.hostname,
          port: this.#base.port,
          method,
          path,
          timeout: 15_000,
          headers: {
            accept: 'application/json',
            ...(cookie ? { cookie } : {}),
            ...(payload === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          },
        },
        (incoming) => {
          readBody(incoming).then(
            (text) => resolve(toResponse(incoming, text, performance.now() - began)),
            reject,
          );
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 15 s')));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  if (!incoming.complete) throw new Error('the answer was cut short');
  return Buffer.concat(chunks).toString('utf8');
}

function toResponse(incoming: IncomingMessage, text: string, durationMs: number): ShopResponse {
  const isJson = incoming.headers['content-type']?.includes('json') && text.length > 0;
  return {
    status: incoming.statusCode ?? 0,
    body: isJson ? JSON.parse(text) : text,
    side: String(incoming.headers['x-ficus-side'] ?? ''),
    reason: String(incoming.headers['x-ficus-reason'] ?? ''),
    setCookie: incoming.headers['set-cookie'] ?? [],
    durationMs,
  };
}
