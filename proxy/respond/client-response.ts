/**
 * The client's half of a response, on a `ServerResponse`. Head and small bodies are gathered as one latin1 string,
 * so that most responses are one write: half of a proxy's time is the kernel's send, and two writes cost it twice.
 *
 * The head is put where `ServerResponse.writeHead` would have put it (`_header`), because that method takes every
 * field apart again. Everything else stays Node's: pipelining, keep-alive, finish, abort. `server-response-internals`
 * lists what this relies on, and a test holds each supported Node to it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HeadLines, joinFields } from '../wire/head-lines.ts';
import { httpDate } from '../wire/http-date.ts';
import { type BlockOwner, WriteBlock } from '../wire/write-block.ts';
import { cutClient } from './cut-client.ts';
import { LeanResponse } from './lean-response.ts';
import type { ResponseAmendments, ResponseHead } from './response-amendments.ts';
import type { ServerResponseInternals } from './server-response-internals.ts';

/** Bodies up to this are gathered as text, which is the cheapest to write; longer ones in a block. */
const GATHER_BYTES = 16_384;
const BAD_FIELD = /[^\t\x20-\x7e\x80-\xff]/;

export class ClientResponse implements BlockOwner {
  readonly response: ServerResponse & ServerResponseInternals;
  /** Whether a byte of the final response was given to the client. */
  started = false;
  /** Whether the client takes no more bytes for now. */
  blocked = false;
  /** What was wrong with the head that a hook made, or empty. */
  error = '';

  readonly #request: IncomingMessage;
  #head = '';
  #out = '';
  /**
   * Where an answer that goes on as it came still is: its head, and what of its body follows in the same memory. As long
   * as that is all, it is cut out once, and needs no putting together. It means something while `#memory` is defined.
   */
  #memory: Buffer | undefined;
  #from = 0;
  #headEnd = 0;
  #to = 0;
  #block: WriteBlock | undefined;
  /** Blocks that the kernel has not taken whole. */
  #waiting = 0;
  #trailers = '';
  #chunked = false;
  /** The client knows the end of the body from its framing. */
  #delimited = true;
  #drained: (() => void) | undefined;
  #onDrain: (() => void) | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.response = response as ServerResponse & ServerResponseInternals;
  }

  get gone(): boolean {
    return this.response.destroyed || this.#request.socket.destroyed;
  }

  /** Passes an interim response on. A client of HTTP/1.0 has never heard of them. */
  writeInterim(head: HeadLines): void {
    if (this.#isHttp10 || this.gone) return;
    if (head.status === 100) this.response._sent100 = true;
    this.response._writeRaw(`HTTP/1.1 ${head.statusText()}\r\n${head.text(false)}\r\n`, 'latin1');
  }

  /** Takes the final head. Answers false when the caller's hook discards it, or made it invalid (`error`). */
  begin(head: HeadLines, call: ResponseAmendments): boolean {
    const { response } = this;
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
    if (call.onResponseHead === undefined) {
      const asItCame = keepsAlive && !http10 && !untilClose && head.hasDate && !call.responseHeaders;
      if (asItCame && this.#keepInPlace(head)) return true;
      text = head.wholeText(!http10);
      if (!head.hasDate) text += `Date: ${httpDate()}\r\n`;
      response.statusCode = status;
    } else {
      const amended = this.#amend(head, call, http10);
      if (amended === undefined) return false;
      text = amended;
    }
    if (untilClose && !http10) text += 'Transfer-Encoding: chunked\r\n';
    if (call.responseHeaders !== undefined) text += joinFields(call.responseHeaders);
    if (!keepsAlive) {
      response._last = true;
      text += 'Connection: close\r\n';
    } else if (http10) text += 'Connection: keep-alive\r\n';
    this.#head = `${text}\r\n`;
    return true;
  }

  /** Body bytes, in memory that is reused afterwards. */
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

  trailers(trailers: HeadLines | undefined): void {
    if (trailers !== undefined && this.#chunked) this.#trailers = trailers.text(false);
  }

  /** Writes what was gathered; answers whether the client takes more. */
  flush(): boolean {
    this.#cutOut();
    // Nothing to write before the final head is whole.
    if (this.#head === '') return true;
    if (this.#block !== undefined) this.#writeBlock();
    else if (this.#out !== '' || !this.started) this.#writeText();
    return !this.blocked;
  }

  /** The response is whole. */
  end(): void {
    const { response } = this;
    const last = this.#chunked ? `0\r\n${this.#trailers}\r\n` : '';
    const memory = this.#memory;
    if (memory !== undefined && last === '') {
      this.#memory = undefined;
      this.#endWhole(memory.latin1Slice(this.#from, this.#to));
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
      this.#endWhole(this.#head + this.#out + last);
      return;
    }
    response.end();
  }

  #endWhole(whole: string): void {
    const { response } = this;
    this.started = true;
    if (response instanceof LeanResponse && response.endWhole(whole)) return;
    response._header = whole;
    response.end();
  }

  #keepInPlace(head: HeadLines): boolean {
    const from = head.pack(true);
    if (from === -1) return false;
    this.response.statusCode = head.status;
    this.#memory = head.memory;
    this.#from = from;
    this.#headEnd = head.end;
    this.#to = head.end;
    return true;
  }

  /** The memory is needed for other things, or something else comes in between. */
  #cutOut(): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    this.#memory = undefined;
    this.#head = memory.latin1Slice(this.#from, this.#headEnd);
    this.#out = memory.latin1Slice(this.#headEnd, this.#to);
  }

  /** Ends the client's connection, so that it can tell that the response is not whole. */
  cut(): void {
    cutClient(this.#request.socket, this.#delimited);
  }

  /** Calls back when the client takes bytes again. */
  onDrain(resume: () => void): void {
    this.#onDrain = resume;
  }

  release(): void {
    if (this.#drained !== undefined) this.response.removeListener('drain', this.#drained);
    this.#drained = undefined;
    this.#memory = undefined;
    this.#block?.giveBack();
    this.#block = undefined;
  }

  get #isHttp10(): boolean {
    return this.#request.httpVersionMinor === 0;
  }

  #amend(head: HeadLines, call: ResponseAmendments, http10: boolean): string | undefined {
    const amended: ResponseHead = {
      status: head.status,
      reason: head.reason(),
      headers: head.fields(!http10),
    };
    if (call.onResponseHead!(amended) === 'discard') return undefined;
    this.response.statusCode = amended.status;
    const fields = joinFields(amended.headers);
    // The hook's values come from config and from the upstream's own fields: a line break would be a new field.
    if (amended.headers.some((part) => BAD_FIELD.test(part)) || BAD_FIELD.test(amended.reason)) {
      this.error = 'a bad byte in a rewritten response field';
      return undefined;
    }
    const date = head.hasDate ? '' : `Date: ${httpDate()}\r\n`;
    return `HTTP/1.1 ${amended.status} ${amended.reason}\r\n${fields}${date}`;
  }

  /** The block that is being filled; what was gathered before goes first. */
  #openBlock(): WriteBlock {
    if (this.#block !== undefined) return this.#block;
    const block = WriteBlock.take(this);
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
    const { response } = this;
    this.#block = undefined;
    const written = response instanceof LeanResponse ? response.writeBytes(block.bytes, block) : 'refused';
    if (written === 'whole') block.giveBack();
    else if (written === 'waiting') {
      this.#waiting += 1;
      this.blocked = true;
    } else {
      // The head is in the block, if it was not out before.
      response._header ??= this.#head;
      response._headerSent = true;
      this.#noteWrite(response.write(block.bytes, () => block.giveBack()));
    }
    this.started = true;
  }

  /** Writes the text that was gathered, behind the head when that is not out yet. */
  #writeText(): void {
    const { response } = this;
    const out = this.#out;
    this.#out = '';
    const text = this.started ? out : this.#head + out;
    if (!(response instanceof LeanResponse && response.writeText(text))) {
      if (!this.started) response._header = this.#head;
      this.#noteWrite(response.write(out, 'latin1'));
    }
    this.started = true;
  }

  /** A write of the stream answers whether it takes more. */
  #noteWrite(goesOn: boolean): void {
    if (goesOn) return;
    this.blocked = true;
    if (this.#drained !== undefined) return;
    this.#drained = () => this.#unblock();
    this.response.on('drain', this.#drained);
  }

  onBlockWritten(): void {
    this.#waiting -= 1;
    this.#unblock();
  }

  #unblock(): void {
    if (this.#waiting > 0 || this.response.writableNeedDrain) return;
    this.blocked = false;
    this.#onDrain?.();
  }
}
