/**
 * A strict parser for HTTP/1.1 responses (RFC 9112), working on the bytes as they come from the socket. An upstream may
 * be hostile: whatever two parsers could read differently is refused. A head that is not strict but has only one meaning
 * is written again as what it means (tidy-head.ts) and read in that form. One parser serves one connection; it calls its
 * sink synchronously, and what it shows of a head is valid only during that call.
 */
import { HeadLines } from './head-lines.ts';
import { tidyHead } from './tidy-head.ts';

/** Maximum bytes of one head, of one trailer section, and of all chunk extensions of one message. */
const MAX_HEAD_BYTES = 65_536;
const MAX_TRAILER_BYTES = 16_384;
const MAX_EXTENSION_BYTES = 16_384;
/** More interim responses than this are a flood. */
const MAX_INTERIM = 32;

/** Receives the parser's results. Chunks are views of memory that is reused: copy what must stay. */
export interface ResponseSink {
  /** A 1xx head, 101 excepted. */
  onInterim(head: HeadLines): void;
  /** The final head; answer false to stop parsing (the connection was taken away). */
  onHead(head: HeadLines): boolean;
  onBody(memory: Buffer, start: number, end: number): void;
  /** The message is complete; `trailers` only when there were any. */
  onEnd(trailers: HeadLines | undefined): void;
}

const S_HEAD = 0;
const S_LENGTH = 1;
const S_UNTIL_CLOSE = 2;
const S_CHUNK_SIZE = 3;
const S_CHUNK_EXTENSION = 4;
const S_CHUNK_SIZE_LF = 5;
const S_CHUNK_DATA = 6;
const S_CHUNK_DATA_CR = 7;
const S_CHUNK_DATA_LF = 8;
const S_TRAILERS = 9;
const S_DONE = 10;
const S_FAILED = 11;
const S_STOPPED = 12;
const S_CHUNK_SPACE = 13;
/** A head that is not strict, until its end has come. */
const S_UNTIDY_HEAD = 14;

const CR = 13;
const LF = 10;

export class ResponseParser {
  readonly head: HeadLines = new HeadLines();
  /** Why parsing stopped, once it has failed. */
  error = '';
  /** Whether another response may follow on the connection, known once the message is complete. */
  persistent = false;
  /** How many bytes of a complete message's last chunk came after its end. */
  surplusBytes = 0;

  #state = S_DONE;
  #isHead = false;
  #mayUpgrade = false;
  #interims = 0;
  /** An interim head says that nothing may follow the response: what follows the head might be a body of it. */
  #mustClose = false;
  #remaining = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** Why a head is not strict. */
  #strictError = '';
  /** A head or trailer section that did not arrive in one piece. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  #trailers: HeadLines | undefined;

  /** Begins the response to the next request. */
  begin(method: string, mayUpgrade: boolean): void {
    this.#state = S_HEAD;
    this.#isHead = method === 'HEAD';
    this.#mayUpgrade = mayUpgrade;
    this.#interims = 0;
    this.#mustClose = false;
    this.persistent = false;
    this.surplusBytes = 0;
    this.error = '';
    this.#held = undefined;
    this.#trailers = undefined;
    this.head.begin(true);
  }

  get done(): boolean {
    return this.#state === S_DONE;
  }

  get failed(): boolean {
    return this.#state === S_FAILED;
  }

  /** True when the end of the stream is the end of the message. */
  get endsWithStream(): boolean {
    return this.#state === S_UNTIL_CLOSE;
  }

  /** Parses bytes; reports to the sink, and through `done`, `failed`, `surplusBytes`. */
  execute(sink: ResponseSink, memory: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      switch (this.#state) {
        case S_HEAD:
          at = this.#parseHead(sink, memory, at, length);
          break;
        case S_UNTIDY_HEAD:
          at = this.#parseUntidyHead(sink, memory, at, length);
          break;
        case S_LENGTH:
        case S_CHUNK_DATA: {
          const end = Math.min(length, at + this.#remaining);
          this.#remaining -= end - at;
          const complete = this.#remaining === 0;
          const inChunk = this.#state === S_CHUNK_DATA;
          if (complete) this.#state = inChunk ? S_CHUNK_DATA_CR : S_DONE;
          sink.onBody(memory, at, end);
          at = end;
          if (complete && !inChunk) this.#finish(sink, undefined, length - at);
          break;
        }
        case S_UNTIL_CLOSE:
          sink.onBody(memory, at, length);
          at = length;
          break;
        case S_TRAILERS:
          at = this.#parseTrailers(sink, memory, at, length);
          break;
        case S_DONE:
          this.surplusBytes = length - at;
          return;
        case S_FAILED:
        case S_STOPPED:
          return;
        default:
          at = this.#parseChunkLine(memory, at, length);
      }
    }
  }

  /** The stream has ended: completes a message that the end delimits; the caller judges anything else. */
  endOfStream(sink: ResponseSink): void {
    if (this.#state === S_UNTIL_CLOSE) this.#finish(sink, undefined, 0);
  }

  #fail(reason: string, length: number): number {
    this.#state = S_FAILED;
    this.error = reason;
    this.#held = undefined;
    return length;
  }

  #finish(sink: ResponseSink, trailers: HeadLines | undefined, surplus: number): void {
    this.#state = S_DONE;
    this.surplusBytes = surplus;
    sink.onEnd(trailers);
  }

  /** Lines are read as soon as they are complete; an unfinished section has its own memory. */
  #parseLines(lines: HeadLines, memory: Buffer, at: number, length: number, limit: number): number {
    if (this.#held === undefined) {
      const end = lines.parse(memory, at, length);
      if (end !== 0 || lines.error !== '' || length - at > limit) return end;
      this.#held = Buffer.allocUnsafe(Math.max(1024, (length - at) * 2));
      this.#heldBytes = memory.copy(this.#held, 0, at, length);
      lines.moved(at);
      return 0;
    }
    const before = this.#heldBytes;
    const room = this.#hold(memory, at, length, limit);
    // Without a line feed in the new bytes no line can have become complete: a drip causes no rescans.
    const feed = memory.indexOf(LF, at);
    if (feed === -1 || feed >= at + room) return 0;
    const end = lines.parse(this.#held, 0, this.#heldBytes);
    return end === 0 ? 0 : at + end - before;
  }

  /** Appends to what is held of a section, one byte more than the limit at most. Returns how many bytes. */
  #hold(memory: Buffer, at: number, length: number, limit: number): number {
    const before = this.#held === undefined ? 0 : this.#heldBytes;
    const room = Math.min(length - at, limit + 1 - before);
    if (this.#held === undefined || this.#held.length < before + room) {
      const grown = Buffer.allocUnsafe(Math.min(limit + 1, Math.max(1024, (before + room) * 2)));
      this.#held?.copy(grown, 0, 0, before);
      this.#held = grown;
    }
    memory.copy(this.#held, before, at, at + room);
    this.#heldBytes = before + room;
    return room;
  }

  #parseHead(sink: ResponseSink, memory: Buffer, at: number, length: number): number {
    const head = this.head;
    const before = this.#held === undefined ? 0 : this.#heldBytes;
    const end = this.#parseLines(head, memory, at, length, MAX_HEAD_BYTES);
    if (head.error !== '') return this.#tidy(head.error, sink, memory, at, length, before);
    if (end === 0) {
      const held = this.#held === undefined ? length - at : this.#heldBytes;
      return held > MAX_HEAD_BYTES ? this.#fail('the head is too long', length) : length;
    }
    const verdict = this.#judgeHead(head);
    if (verdict !== '') return this.#tidy(verdict, sink, memory, at, length, before);
    return this.#passHead(sink, end, length);
  }

  /** A head that is refused as it is. @param before bytes that were held when this read began */
  #tidy(
    error: string,
    sink: ResponseSink,
    memory: Buffer,
    at: number,
    length: number,
    before: number,
  ): number {
    this.#strictError = error;
    this.#state = S_UNTIDY_HEAD;
    if (this.#held === undefined) this.#hold(memory, at, length, MAX_HEAD_BYTES);
    return this.#readUntidy(sink, at - before, length);
  }

  #parseUntidyHead(sink: ResponseSink, memory: Buffer, at: number, length: number): number {
    const before = this.#heldBytes;
    this.#hold(memory, at, length, MAX_HEAD_BYTES);
    // As above, and a CR may be a bare one.
    const fresh = this.#held!.subarray(before - 1, this.#heldBytes);
    if (this.#heldBytes <= MAX_HEAD_BYTES && !fresh.includes(LF) && !fresh.includes(CR)) return length;
    return this.#readUntidy(sink, at - before, length);
  }

  /** @param from where the head would begin if all of it were in this read */
  #readUntidy(sink: ResponseSink, from: number, length: number): number {
    const { head } = this;
    const tidy = tidyHead(this.#held!.latin1Slice(0, this.#heldBytes), this.#isHead);
    if (tidy.kind === 'incomplete' && this.#heldBytes <= MAX_HEAD_BYTES) return length;
    if (tidy.kind !== 'tidy') return this.#fail(this.#strictError, length);
    const strict = Buffer.from(tidy.text, 'latin1');
    head.begin(true);
    head.parse(strict, 0, strict.length);
    const error = head.error || this.#judgeHead(head);
    return error === '' ? this.#passHead(sink, from + tidy.end, length) : this.#fail(error, length);
  }

  /** @param end where the bytes after the head begin */
  #passHead(sink: ResponseSink, end: number, length: number): number {
    const { head } = this;
    if (head.status < 200 && head.status !== 101) {
      this.#interims += 1;
      if (this.#interims > MAX_INTERIM) return this.#fail('too many interim responses', length);
      this.#mustClose ||= head.connectionClose;
      sink.onInterim(head);
      this.#state = S_HEAD;
      this.#held = undefined;
      head.begin(true);
      return end;
    }
    const closes = this.#mustClose || head.connectionClose || this.#state === S_UNTIL_CLOSE;
    this.persistent = !head.http10 && !closes;
    const bodyState = this.#state;
    const proceed = sink.onHead(head);
    this.#held = undefined;
    if (!proceed) this.#state = S_STOPPED;
    else if (bodyState === S_DONE) this.#finish(sink, undefined, length - end);
    this.surplusBytes = bodyState === S_DONE || !proceed ? length - end : 0;
    return end;
  }

  /** Decides how the body is delimited (RFC 9112 section 6.3), or says what is wrong. */
  #judgeHead(head: HeadLines): string {
    const { status, contentLength, chunked } = head;
    if (chunked && contentLength !== -1) return 'both Content-Length and Transfer-Encoding';
    if (chunked && head.http10) return 'Transfer-Encoding in an HTTP/1.0 response';
    if (status === 101) {
      if (!this.#mayUpgrade) return '101 to a request without an upgrade';
      this.#state = S_DONE;
      return '';
    }
    if (status < 200) return chunked || contentLength > 0 ? 'an interim response with a body' : '';
    if (status === 204 && (chunked || contentLength > 0)) return '204 with a body';
    if (this.#isHead || status === 204 || status === 304) this.#state = S_DONE;
    else if (chunked) {
      this.#state = S_CHUNK_SIZE;
      this.#remaining = 0;
      this.#digits = 0;
      this.#extensionBytes = 0;
    } else if (contentLength === -1) this.#state = S_UNTIL_CLOSE;
    else {
      this.#remaining = contentLength;
      this.#state = contentLength === 0 ? S_DONE : S_LENGTH;
    }
    return '';
  }

  /**
   * One pass over the framing of chunks (RFC 9112 section 7.1), until data, trailers or the end of the bytes. A line may
   * end in LF alone: the chunks are framed again for the client.
   */
  #parseChunkLine(memory: Buffer, at: number, length: number): number {
    const byte = memory[at]!;
    switch (this.#state) {
      case S_CHUNK_SIZE: {
        const digit = hexDigit(byte);
        if (digit !== -1) {
          this.#digits += 1;
          if (this.#digits > 13) return this.#fail('a chunk size is too large', length);
          this.#remaining = this.#remaining * 16 + digit;
        } else if (this.#digits === 0) return this.#fail('a chunk size is not a number', length);
        else if (byte === CR) this.#state = S_CHUNK_SIZE_LF;
        else if (byte === LF) this.#beginChunk();
        else if (byte === 59) this.#state = S_CHUNK_EXTENSION;
        else if (byte === 32 || byte === 9) this.#state = S_CHUNK_SPACE;
        else return this.#fail('a chunk size is not a number', length);
        return at + 1;
      }
      // Some servers pad the size with spaces; some readers would take anything else there for a second number.
      case S_CHUNK_SPACE:
        this.#extensionBytes += 1;
        if (this.#extensionBytes > MAX_EXTENSION_BYTES)
          return this.#fail('chunk extensions are too long', length);
        if (byte === CR) this.#state = S_CHUNK_SIZE_LF;
        else if (byte === LF) this.#beginChunk();
        else if (byte === 59) this.#state = S_CHUNK_EXTENSION;
        else if (byte !== 32 && byte !== 9) return this.#fail('a chunk size is not a number', length);
        return at + 1;
      case S_CHUNK_EXTENSION:
        this.#extensionBytes += 1;
        if (this.#extensionBytes > MAX_EXTENSION_BYTES)
          return this.#fail('chunk extensions are too long', length);
        if (byte === CR) this.#state = S_CHUNK_SIZE_LF;
        else if (byte === LF) this.#beginChunk();
        else if ((byte < 32 && byte !== 9) || byte === 127)
          return this.#fail('a bad byte in a chunk extension', length);
        return at + 1;
      case S_CHUNK_SIZE_LF:
        if (byte !== LF) return this.#fail('a chunk size line does not end in CRLF', length);
        this.#beginChunk();
        return at + 1;
      case S_CHUNK_DATA_CR:
        if (byte === CR) this.#state = S_CHUNK_DATA_LF;
        else if (byte === LF) this.#beginChunkSize();
        else return this.#fail('a chunk is longer than its size', length);
        return at + 1;
      default:
        if (byte !== LF) return this.#fail('a chunk does not end in CRLF', length);
        this.#beginChunkSize();
        return at + 1;
    }
  }

  #beginChunkSize(): void {
    this.#state = S_CHUNK_SIZE;
    this.#digits = 0;
  }

  #beginChunk(): void {
    this.#state = this.#remaining > 0 ? S_CHUNK_DATA : S_TRAILERS;
    this.#trailers = undefined;
  }

  #parseTrailers(sink: ResponseSink, memory: Buffer, at: number, length: number): number {
    if (this.#trailers === undefined) {
      // Most bodies have none: then nothing is allocated.
      const line =
        memory[at] === LF ? 1 : memory[at] === CR && at + 1 < length && memory[at + 1] === LF ? 2 : 0;
      if (line > 0) {
        this.#finish(sink, undefined, length - at - line);
        return at + line;
      }
      this.#trailers = new HeadLines();
      this.#trailers.begin(false);
    }
    const trailers = this.#trailers;
    const end = this.#parseLines(trailers, memory, at, length, MAX_TRAILER_BYTES);
    if (trailers.error !== '') return this.#fail(`trailers: ${trailers.error}`, length);
    if (end === 0) {
      const held = this.#held === undefined ? length - at : this.#heldBytes;
      return held > MAX_TRAILER_BYTES ? this.#fail('the trailers are too long', length) : length;
    }
    this.#trailers = undefined;
    this.#finish(sink, trailers.count > 0 ? trailers : undefined, length - end);
    this.#held = undefined;
    return end;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
