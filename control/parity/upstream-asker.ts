/**
 * Asks one side the same question once more, marked as a shadow request. Only GET and HEAD are ever asked again.
 * Answers never throw: a side that does not answer is an answer too.
 */

import { readFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { ObservedResponse, RouteConfig, UpstreamConfig } from '@ficus/core';

export interface RepeatedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Rewrites of the route; for the candidate alone. */
  readonly rewrite?: RouteConfig['rewrite'];
}

export interface AskerLimits {
  readonly timeoutMs: number;
  readonly bodyBytes: number;
}

const IDLE_MS = 5000;

const NOT_REPEATED = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

export class UpstreamAsker {
  private readonly base: URL;
  private readonly limits: AskerLimits;
  private readonly agent: http.Agent;

  constructor(upstream: UpstreamConfig, limits: AskerLimits) {
    this.base = new URL(upstream.url);
    this.limits = limits;
    const agentOptions = { keepAlive: true, maxSockets: 8, timeout: IDLE_MS + limits.timeoutMs };
    this.agent =
      this.base.protocol === 'https:'
        ? new https.Agent({ ...agentOptions, ...tlsOptions(upstream.tls) })
        : new http.Agent(agentOptions);
  }

  ask(request: RepeatedRequest): Promise<ObservedResponse> {
    const startedAt = performance.now();
    const since = () => performance.now() - startedAt;
    const { promise, resolve } = Promise.withResolvers<ObservedResponse>();
    const signal = AbortSignal.timeout(this.limits.timeoutMs);
    const fail = (error: Error) =>
      resolve({ failed: signal.aborted ? 'timeout' : error.message, durationMs: since() });
    try {
      const send = this.base.protocol === 'https:' ? https.request : http.request;
      const outgoing = send({
        protocol: this.base.protocol,
        hostname: this.base.hostname.replace(/^\[|\]$/g, ''),
        port: this.base.port,
        method: request.method,
        path: `${this.base.pathname.replace(/\/$/, '')}${rewriteTarget(request)}`,
        headers: this.headers(request),
        agent: this.agent,
        signal,
      });
      outgoing.on('error', fail);
      outgoing.on('response', (response) => {
        response.on('error', fail);
        collect(response, this.limits.bodyBytes).then(
          (kept) => resolve({ ...kept, durationMs: since() }),
          fail,
        );
      });
      outgoing.end();
    } catch (error) {
      fail(error as Error);
    }
    return promise;
  }

  /** Lets what is under way end; idle connections go now, the others when they have been idle for a while. */
  retire(): void {
    for (const sockets of Object.values(this.agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
  }

  close(): void {
    this.agent.destroy();
  }

  private headers(request: RepeatedRequest): http.OutgoingHttpHeaders {
    const headers: Record<string, string[]> = {};
    const removed = new Set(request.rewrite?.requestHeaders?.remove ?? []);
    for (const [name, value] of request.headers) {
      if (NOT_REPEATED.has(name) || removed.has(name)) continue;
      headers[name] = [...(headers[name] ?? []), value];
    }
    for (const [name, value] of Object.entries(request.rewrite?.requestHeaders?.set ?? {}))
      headers[name] = [value];
    const host = headers.host?.[0];
    // One Host, as text: node:http takes an array for several fields.
    return { ...headers, ...(host === undefined ? {} : { host }), 'x-ficus-shadow': '1' };
  }
}

function rewriteTarget({ target, rewrite }: RepeatedRequest): string {
  const { stripPrefix = '', addPrefix = '' } = rewrite ?? {};
  const stripped = stripPrefix && target.startsWith(stripPrefix) ? target.slice(stripPrefix.length) : target;
  const joined = `${addPrefix}${stripped}`;
  return joined.startsWith('/') ? joined : `/${joined}`;
}

type Kept = Omit<Extract<ObservedResponse, { status: number }>, 'durationMs'>;

/** Reads all of the answer, keeps the first `most` bytes of the body. */
async function collect(response: IncomingMessage, most: number): Promise<Kept> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const piece = chunk.subarray(0, most - kept);
    truncated ||= piece.length < chunk.length;
    kept += piece.length;
    if (piece.length > 0) chunks.push(piece);
  }
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2)
    headers.push([response.rawHeaders[at]!.toLowerCase(), response.rawHeaders[at + 1]!]);
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks), truncated };
}

function tlsOptions(tls: UpstreamConfig['tls']): https.AgentOptions {
  if (!tls) return {};
  return {
    ...(tls.ca ? { ca: readFileSync(tls.ca) } : {}),
    ...(tls.cert ? { cert: readFileSync(tls.cert) } : {}),
    ...(tls.key ? { key: readFileSync(tls.key) } : {}),
    ...(tls.serverName ? { servername: tls.serverName } : {}),
    rejectUnauthorized: tls.verify,
  };
}
