/** One JSON request to the control plane, over kept connections, until its signal ends it. */
import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type ControlClientConfig, type ErrorCode, isErrorCode } from '@ficus/core';
import { controlAgent } from './control-tls.ts';

/** A request that was not accepted, or whose answer is missing. */
export class PostFailure extends Error {
  /** Absent without an answer. */
  readonly status: number | undefined;
  /** False when the control plane certainly did nothing with it. */
  readonly mayBeTaken: boolean;
  /** What the control plane itself says; absent where it did not answer, or something before it did. */
  readonly code: ErrorCode | undefined;
  /** Slices whose leases are renewed, where an acknowledgement is refused for others. */
  readonly renewed: readonly string[];

  constructor(
    message: string,
    mayBeTaken: boolean,
    status?: number,
    code?: ErrorCode,
    renewed: readonly string[] = [],
  ) {
    super(message);
    this.mayBeTaken = mayBeTaken;
    this.status = status;
    this.code = code;
    this.renewed = renewed;
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/**
 * @param signal ends the request, at its deadline for one
 * @param tls for https
 * @returns the parsed answer; undefined for 204
 * @throws PostFailure on any other status, on a broken connection and when the signal ends it
 */
export function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  tls?: ControlClientConfig,
): Promise<unknown> {
  const payload = Buffer.from(JSON.stringify(body));
  const secure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent: secure ? controlAgent(tls) : agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': payload.length },
      signal,
    };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', ({ message }) => reject(new PostFailure(message, true)));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const text = Buffer.concat(chunks).toString();
        if (status === 204) resolve(undefined);
        else if (status !== 200) reject(refused(status, text));
        else resolveJson(text, resolve, reject);
      });
    });
    const hasLeft = watchConnected(request, secure);
    request.on('error', ({ message }) => reject(new PostFailure(message, hasLeft())));
    request.end(payload);
  });
}

/** After an error of the server, or of a gateway before it, it is not known how far the request came. */
function refused(status: number, text: string): PostFailure {
  const { code, renewed } = problemIn(text);
  const mayBeTaken = status < 400 || status >= 500;
  return new PostFailure(`the control plane answered ${status}`, mayBeTaken, status, code, renewed);
}

/** What counts of a problem (RFC 9457) of the control plane. */
function problemIn(text: string): { code?: ErrorCode; renewed?: readonly string[] } {
  try {
    const { code, renewed } = Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
    if (typeof code !== 'string' || !isErrorCode(code)) return {};
    return Array.isArray(renewed) ? { code, renewed: renewed.map(String) } : { code };
  } catch {
    return {};
  }
}

/** Nothing has left while there is no connection. */
function watchConnected(request: ClientRequest, secure: boolean): () => boolean {
  let connected = false;
  request.once('socket', (socket) => {
    // A kept one is connected, and would keep a listener of each request. Undefined where there is no network connection,
    // because a certificate could not be read.
    connected = socket.connecting === false;
    if (connected) return;
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      connected = true;
    });
  });
  return () => connected;
}

function resolveJson(text: string, resolve: (value: unknown) => void, reject: (error: Error) => void): void {
  try {
    resolve(JSON.parse(text));
  } catch {
    reject(new PostFailure('the control plane answered with something that is not JSON', true, 200));
  }
}
