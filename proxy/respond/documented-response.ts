/**
 * A response on `node:http` that uses only what Node documents: `writeHead`, `write`, `end`. Replaces `ClientResponse`
 * where Node lacks the internals that it needs (`nodeInternals.responses`, docs/adr/0007). Node then parses every head
 * again and frames the body itself; control characters become spaces, and interim responses other than 100, 102 and 103
 * are not passed on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeadLines } from '../wire/head-lines.ts';
import { amendHead } from './amend-head.ts';
import type { ClientSide, ClientWatcher } from './client-side.ts';
import { cutClient } from './cut-client.ts';
import type { ResponseAmendments, ResponseHead } from './response-amendments.ts';

export class DocumentedResponse implements ClientSide {
  started = false;
  blocked = false;
  error = '';

  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #head: ResponseHead | undefined;
  /** Copies, because the parser reuses its memory after each call. */
  #pieces: Buffer[] = [];
  #watcher: ClientWatcher | undefined;
  /** The client knows the end of the body from its framing. */
  #delimited = true;
  #continued = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get gone(): boolean {
    return this.#response.destroyed || this.#request.socket.destroyed;
  }

  watch(watcher: ClientWatcher): void {
    this.#watcher = watcher;
    this.#response.on('close', this.#onClose).on('drain', this.#onDrain);
  }

  release(): void {
    this.#watcher = undefined;
    this.#response.removeListener('close', this.#onClose).removeListener('drain', this.#onDrain);
    this.#pieces = [];
  }

  interim(head: HeadLines): void {
    if (this.#isHttp10 || this.gone) return;
    switch (head.status) {
      case 100:
        this.#continued = true;
        this.#response.writeContinue();
        break;
      case 102:
        this.#response.writeProcessing();
        break;
      case 103:
        this.#writeHints(head.fields(false));
        break;
      default:
    }
  }

  begin(lines: HeadLines, amendments: ResponseAmendments): boolean {
    const http10 = this.#isHttp10;
    const amended = amendHead(lines, amendments, !http10);
    if (amended.kind === 'invalid') this.error = amended.error;
    if (amended.kind !== 'head') return false;
    const { head } = amended;
    const bodiless = lines.status === 204 || lines.status === 304 || this.#request.method === 'HEAD';
    this.#delimited = bodiless || !http10 || lines.contentLength !== -1;
    if (amendments.responseHeaders !== undefined) head.headers.push(...amendments.responseHeaders);
    this.#response.sendDate = !lines.hasDate;
    const awaitsBody = this.#request.headers.expect !== undefined && !this.#continued;
    if (awaitsBody) this.#response.shouldKeepAlive = false;
    this.#head = head;
    return true;
  }

  body(memory: Buffer, start: number, end: number): void {
    if (end > start) this.#pieces.push(Buffer.from(memory.subarray(start, end)));
  }

  trailers(trailers: HeadLines): void {
    if (this.#isHttp10) return;
    this.#writeHead();
    const flat = trailers.fields(false);
    this.#response.addTrailers(
      flat.flatMap((name, at) =>
        at % 2 === 0 ? [[name, printable(flat[at + 1]!)] as [string, string]] : [],
      ),
    );
  }

  flush(): boolean {
    if (this.#head === undefined && !this.started) return true;
    this.#writeHead();
    if (this.#pieces.length === 0) this.#response.flushHeaders();
    else if (!this.#writePieces()) this.blocked = true;
    this.started = true;
    return !this.blocked;
  }

  end(): void {
    this.#writeHead();
    this.started = true;
    this.#writePieces();
    this.#response.end();
  }

  cut(): void {
    cutClient(this.#request.socket, this.#delimited);
  }

  #writeHead(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head === undefined) return;
    const response = this.#response;
    // HTTP/1.1 keeps connections by default; Node sends `keep-alive` anyway.
    if (!this.#isHttp10 && response.shouldKeepAlive) response.removeHeader('connection');
    response.writeHead(head.status, printable(head.reason), head.headers.map(printable));
  }

  /** Chunks stay as they came. Returns whether the client takes more. */
  #writePieces(): boolean {
    let takesMore = true;
    for (const piece of this.#pieces) takesMore = this.#response.write(piece);
    this.#pieces = [];
    return takesMore;
  }

  /** Node passes on only Link fields, and throws for some of them: the response is a hint, so it may be dropped. */
  #writeHints(fields: readonly string[]): void {
    const link = fields.filter((_, at) => at % 2 === 1 && fields[at - 1]!.toLowerCase() === 'link');
    try {
      if (link.length > 0) this.#response.writeEarlyHints({ link });
    } catch {}
  }

  get #isHttp10(): boolean {
    return this.#request.httpVersionMinor === 0;
  }

  readonly #onClose = (): void => this.#watcher?.onClientClose();

  readonly #onDrain = (): void => {
    this.blocked = false;
    this.#watcher?.onClientDrain();
  };
}

/** Node refuses control characters, which other heads pass on. */
function printable(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ');
}
