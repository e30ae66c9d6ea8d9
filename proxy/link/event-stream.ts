/**
 * A client for server-sent events (WHATWG HTML section 9.2) that reconnects with back-off and full jitter,
 * and that notices a silent connection. Used for flags and for the link to the control plane; nothing waits
 * for it.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type ControlClientConfig, describeTlsError } from '@ficus/core';
import { readControlTls } from './control-tls.ts';

interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

interface EventStreamOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For https. */
  readonly tls?: ControlClientConfig | undefined;
  readonly onEvent: (event: StreamEvent) => void;
  readonly onUp: () => void;
  /** The connection was lost or could not be made; called once per failure. */
  readonly onDown: (reason: string) => void;
  /** A connection without a byte for this long is closed. */
  readonly silenceMs?: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
const CONNECT_MS = 3_000;
const MOST_BUFFERED = 64 * 1024 * 1024;

export class EventStream {
  readonly #options: EventStreamOptions;
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
  }

  #connect(): void {
    if (this.#stopped) return;
    const request = this.#open();
    if (request === undefined) return;
    this.#request = request;
    let over = false;
    const end = (reason: string): void => {
      if (over) return;
      over = true;
      request.destroy();
      this.#again(reason);
    };
    request.setTimeout(CONNECT_MS, () => end('no answer in time'));
    request.on('error', (error) => end(describeTlsError(error) ?? error.message));
    request.on('response', (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        end(`status ${response.statusCode}`);
        return;
      }
      request.setTimeout(this.#options.silenceMs ?? 60_000, () => end('silent for too long'));
      this.#read(request, response, end);
    });
    request.end();
  }

  #open(): ClientRequest | undefined {
    const { url, headers, tls } = this.#options;
    const options = { headers: { ...headers, accept: 'text/event-stream' }, agent: false };
    if (!url.startsWith('https:')) return httpRequest(url, options);
    try {
      return httpsRequest(url, { ...options, ...readControlTls(tls) });
    } catch (error) {
      // A file that is missing for a moment, or half written.
      this.#again(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #read(request: ClientRequest, response: IncomingMessage, end: (reason: string) => void): void {
    this.#failures = 0;
    if (!this.#stopped) this.#options.onUp();
    const parser = new EventParser((event) => {
      // What an earlier connection brings after it was given up is of the past.
      if (!this.#stopped && request === this.#request) this.#options.onEvent(event);
    });
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (!parser.push(chunk)) end('an event is too long');
    });
    response.on('end', () => end('closed by the server'));
    response.on('error', (error) => end(error.message));
    response.on('close', () => end('connection closed'));
  }

  #again(reason: string): void {
    if (this.#stopped) return;
    this.#options.onDown(reason);
    const bound = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#timer = setTimeout(() => this.#connect(), FIRST_PAUSE_MS / 2 + Math.random() * bound);
    this.#timer.unref();
  }
}

/** Lines to events. */
class EventParser {
  readonly #onEvent: (event: StreamEvent) => void;
  #rest = '';
  #event = '';
  #data: string[] = [];

  constructor(onEvent: (event: StreamEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** False when a line grows without end. */
  push(chunk: string): boolean {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
    return this.#rest.length <= MOST_BUFFERED;
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0)
        this.#onEvent({ event: this.#event || 'message', data: this.#data.join('\n') });
      this.#event = '';
      this.#data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
  }
}
