/**
 * Requests of `ficus init` to a server that it was given: GET only, one after the other, a named User-Agent, few, short.
 * Redirects are not followed here, and no other host is asked.
 */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { bareHost } from '@ficus/core';

/** A team must not find its monolith under load because of a try of Ficus. */
export const MOST_REQUESTS = 25;
export const ANSWER_MS = 5_000;
const PAGE_BYTES = 64 * 1024;
/** Of an OpenAPI document. */
export const DOCUMENT_BYTES = 16 * 1024 * 1024;
/** A server that lets this many requests wait is not asked again: each would take five seconds. */
const MOST_TIMEOUTS = 2;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** `text/html`, in lower case, without parameters; empty when there is none. */
  readonly type: string;
  readonly body: string;
}

export type Asked =
  | { readonly ok: true; readonly answer: Answer }
  /** `spent`: no request was sent. */
  | { readonly ok: false; readonly error: NodeJS.ErrnoException | 'spent' };

interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the body; what is beyond is not read. HTML is read as a page, whatever is asked for. */
  readonly bytes?: number;
}

export class PoliteClient {
  readonly userAgent: string;
  readonly answerMs: number;
  /** Values of Set-Cookie in all answers so far. */
  readonly setCookies: string[] = [];
  #sent = 0;
  #timeouts = 0;

  constructor(userAgent: string, answerMs = ANSWER_MS) {
    this.userAgent = userAgent;
    this.answerMs = answerMs;
  }

  /** Requests so far. */
  get sent(): number {
    return this.#sent;
  }

  async get(url: URL, { headers = {}, bytes = PAGE_BYTES }: AskOptions = {}): Promise<Asked> {
    if (this.#sent >= MOST_REQUESTS || this.#timeouts >= MOST_TIMEOUTS) return { ok: false, error: 'spent' };
    this.#sent += 1;
    try {
      const answer = await this.#exchange(url, headers, bytes);
      this.setCookies.push(...(answer.headers['set-cookie'] ?? []));
      return { ok: true, answer };
    } catch (cause) {
      const error = cause as NodeJS.ErrnoException;
      if (error.name === 'AbortError') this.#timeouts += 1;
      return { ok: false, error };
    }
  }

  #exchange(url: URL, headers: Readonly<Record<string, string>>, bytes: number): Promise<Answer> {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const signal = AbortSignal.timeout(this.answerMs);
    return new Promise((resolve, reject) => {
      const request = send({
        hostname: bareHost(url.hostname),
        // Otherwise Node would take the name from the Host field.
        ...(isIP(bareHost(url.hostname)) === 0 && { servername: url.hostname }),
        port: url.port || (url.protocol === 'https:' ? 443 : 80),
        path: url.pathname + url.search,
        headers: {
          host: url.host,
          'user-agent': this.userAgent,
          accept: 'text/html, application/json, */*;q=0.8',
          'accept-encoding': 'identity',
          ...headers,
        },
        // A connection of its own for each: none is left behind, and none is found closed.
        agent: false,
        signal,
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
        const most = type === 'text/html' ? Math.min(bytes, PAGE_BYTES) : bytes;
        const pieces: Buffer[] = [];
        let length = 0;
        const finish = () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            type,
            body: Buffer.concat(pieces).toString('utf8', 0, most),
          });
        response.on('data', (piece: Buffer) => {
          pieces.push(piece);
          length += piece.length;
          if (length < most) return;
          finish();
          request.destroy();
        });
        response.on('end', finish);
        response.on('error', reject);
      });
      request.end();
    });
  }
}
