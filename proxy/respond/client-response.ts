/**
 * A response on `node:http`, framed and gathered. Head and small bodies are gathered as one latin1 string, so that most
 * responses are one write: the kernel's send takes half of a proxy's time, and two writes cost it twice. Keep-alive,
 * pipelining and the end of the connection stay Node's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { joinFields } from '../wire/field-text.ts';
import type { HeadLines } from '../wire/head-lines.ts';
import { httpDate } from '../wire/http-date.ts';
import { WriteBlock } from '../wire/write-block.ts';
import { amendHead, isAmended } from './amend-head.ts';
import type { ClientSide, ClientWatcher } from './client-side.ts';
import { cutClient } from './cut-client.ts';
import type { ResponseAmendments } from './response-amendments.ts';
import { ResponseWriter } from './response-writer.ts';

/** Bodies up to this size are gathered as text, which is the cheapest to write; longer ones in a block. */
const GATHER_BYTES = 16_384;

export class ClientResponse implements ClientSide {
  error = '';

  readonly #request: IncomingMessage;
  readonly #writer: ResponseWriter;
  #head = '';
  #out = '';
  /**
   * Where an answer that is passed on unchanged lies: its head, and the part of its body that follows in the same
   * memory. If that is all, it is cut out in one piece. Valid only while `#memory` is defined.
   */
  #memory: Buffer | undefined;
  #from = 0;
  #headEnd = 0;
  #to = 0;
  #block: WriteBlock | undefined;
  #trailers = '';
  #chunked = false;
  /** The client knows the end of the body from its framing. */
  #delimited = true;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#writer = new ResponseWriter(response);
  }

  get started(): boolean {
    return this.#writer.started;
  }

  get blocked(): boolean {
    return this.#writer.blocked;
  }

  get gone(): boolean {
    return this.#writer.response.destroyed || this.#request.socket.destroyed;
  }

  watch(watcher: ClientWatcher): void {
    this.#writer.watch(watcher);
  }

  /** HTTP/1.0 has no interim responses. */
  interim(head: HeadLines): void {
    const { response } = this.#writer;
    if (this.#isHttp10 || this.gone) return;
    if (head.status === 100) response._sent100 = true;
    response._writeRaw(`HTTP/1.1 ${head.statusText()}\r\n${head.text(false)}\r\n`, 'latin1');
  }

  begin(head: HeadLines, amendments: ResponseAmendments): boolean {
    const { response } = this.#writer;
    const http10 = this.#isHttp10;
    const { status } = head;
    const bodiless = status === 204 || status === 304 || this.#request.method === 'HEAD';
    const untilClose = !bodiless && !head.chunked && head.contentLength === -1;
    this.#chunked = !bodiless && !http10 && (head.chunked || untilClose);
    this.#delimited = bodiless || this.#chunked || head.contentLength !== -1;
    const keepsAlive =
      response.shouldKeepAlive &&
      !response.maxRequestsOnConnectionReached &&
      !(response._expect_continue && !response._sent100) &&
      !(http10 && !bodiless && head.contentLength === -1);
    let text: string;
    if (!isAmended(head, amendments)) {
      const asItCame = keepsAlive && !http10 && !untilClose && head.hasDate && !amendments.responseHeaders;
      if (asItCame && this.#keepInPlace(head)) return true;
      text = head.wholeText(!http10);
      if (!head.hasDate) text += `Date: ${httpDate()}\r\n`;
      response.statusCode = status;
    } else {
      const amended = this.#amend(head, amendments, http10);
      if (amended === undefined) return false;
      text = amended;
    }
    if (untilClose && !http10) text += 'Transfer-Encoding: chunked\r\n';
    if (amendments.responseHeaders !== undefined) text += joinFields(amendments.responseHeaders);
    if (!keepsAlive) {
      response._last = true;
      text += 'Connection: close\r\n';
    } else if (http10) text += 'Connection: keep-alive\r\n';
    this.#head = `${text}\r\n`;
    return true;
  }

  body(memory: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    if (this.#memory !== undefined) {
      if (
        memory === this.#memory &&
        start === this.#to &&
        end - this.#from <= GATHER_BYTES &&
        !this.#chunked
      ) {
        this.#to = end;
        return;
      }
      this.#cutOut();
    }
    if (this.#block === undefined && this.#out.length + length <= GATHER_BYTES) {
      const piece = memory.latin1Slice(start, end);
      this.#out += this.#chunked ? `${length.toString(16)}\r\n${piece}\r\n` : piece;
      return;
    }
    if (this.#chunked) this.#addText(`${length.toString(16)}\r\n`);
    for (let at = start; at < end; ) {
      if (this.#block?.room === 0) this.#writeBlock();
      at = this.#openBlock().addBytes(memory, at, end);
    }
    if (this.#chunked) this.#addText('\r\n');
  }

  trailers(trailers: HeadLines): void {
    if (this.#chunked) this.#trailers = trailers.text(false);
  }

  flush(): boolean {
    this.#cutOut();
    // Nothing to write before the final head is complete.
    if (this.#head === '') return true;
    if (this.#block !== undefined) this.#writeBlock();
    else if (this.#out !== '' || !this.started) this.#writeText();
    return !this.blocked;
  }

  end(): void {
    const writer = this.#writer;
    const last = this.#chunked ? `0\r\n${this.#trailers}\r\n` : '';
    const memory = this.#memory;
    if (memory !== undefined && last === '') {
      this.#memory = undefined;
      writer.endWhole(memory.latin1Slice(this.#from, this.#to));
      return;
    }
    this.#cutOut();
    if (this.#block !== undefined) {
      if (last !== '') this.#addText(last);
      this.#writeBlock();
    } else if (this.started) {
      this.#out += last;
      if (this.#out !== '') this.#writeText();
    } else {
      writer.endWhole(this.#head + this.#out + last);
      return;
    }
    writer.end();
  }

  cut(): void {
    cutClient(this.#request.socket, this.#delimited);
  }

  release(): void {
    this.#writer.release();
    this.#memory = undefined;
    this.#block?.giveBack();
    this.#block = undefined;
  }

  get #isHttp10(): boolean {
    return this.#request.httpVersionMinor === 0;
  }

  #keepInPlace(head: HeadLines): boolean {
    const from = head.pack(true);
    if (from === -1) return false;
    this.#writer.response.statusCode = head.status;
    this.#memory = head.memory;
    this.#from = from;
    this.#headEnd = head.end;
    this.#to = head.end;
    return true;
  }

  /** The memory is about to be reused, or something else must be written in between. */
  #cutOut(): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    this.#memory = undefined;
    this.#head = memory.latin1Slice(this.#from, this.#headEnd);
    this.#out = memory.latin1Slice(this.#headEnd, this.#to);
  }

  #amend(head: HeadLines, amendments: ResponseAmendments, http10: boolean): string | undefined {
    const result = amendHead(head, amendments, !http10);
    if (result.kind === 'invalid') this.error = result.error;
    if (result.kind !== 'head') return undefined;
    const amended = result.head;
    this.#writer.response.statusCode = amended.status;
    const fields = joinFields(amended.headers);
    const date = head.hasDate ? '' : `Date: ${httpDate()}\r\n`;
    return `HTTP/1.1 ${amended.status} ${amended.reason}\r\n${fields}${date}`;
  }

  /** The block that is being filled; what was gathered before comes first. */
  #openBlock(): WriteBlock {
    if (this.#block !== undefined) return this.#block;
    const block = WriteBlock.take(this.#writer);
    const before = this.started ? this.#out : this.#head + this.#out;
    if (before.length > block.room) this.#writeText();
    else {
      block.addText(before);
      this.#out = '';
    }
    this.#block = block;
    return block;
  }

  #addText(text: string): void {
    if (this.#openBlock().room < text.length) this.#writeBlock();
    this.#openBlock().addText(text);
  }

  #writeBlock(): void {
    const block = this.#block!;
    this.#block = undefined;
    this.#writer.writeBlock(this.#head, block);
  }

  #writeText(): void {
    const out = this.#out;
    this.#out = '';
    this.#writer.writeText(this.#head, out);
  }
}
