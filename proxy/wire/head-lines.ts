/**
 * A response head (or trailer section) as lines in memory: validated byte by byte in one pass, and copied out as text
 * without the hop-by-hop fields. Nothing is parsed without need: most heads are passed on as they came.
 */
import { continuesConnectionLogin } from './connection-login.ts';
import { FieldClass, fieldClass } from './field-class.ts';
import { isWhole, joinFields, startsWith, trimSpace } from './field-text.ts';

const CR = 13;
const LF = 10;
const COLON = 58;
export const MAX_LINES = 512;

/**
 * 1: token byte (RFC 9110 section 5.6.2); 2: allowed in a field value; 3: both. Control characters have one meaning
 * there and pass, as they do through nginx; those that end a line, or a string, do not.
 */
const BYTES = new Uint8Array(256);
for (let byte = 1; byte < 256; byte += 1) if (byte !== CR && byte !== LF) BYTES[byte] = 2;
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  BYTES[char.charCodeAt(0)] = 3;
}

export class HeadLines {
  /** What is wrong, or empty. */
  error = '';
  status = 0;
  http10 = false;
  /** -1: none. */
  contentLength = -1;
  chunked = false;
  connectionClose = false;
  hasDate = false;
  eventStream = false;
  /** The upstream continues a login on the connection (NTLM, Negotiate). */
  connectionLogin = false;
  setsCookie = false;
  /** A field has a URL in it: Location, Content-Location, Link, Refresh. */
  namesPlace = false;
  /** From `Keep-Alive: timeout=`, or -1. */
  keepAliveSeconds = -1;
  /** Value of Upgrade, or empty; never among the lines that are passed on. */
  upgrade = '';
  /** Field lines. */
  count = 0;

  #memory: Buffer = EMPTY;
  #start = 0;
  #next = 0;
  #linesStart = 0;
  #linesEnd = 0;
  #statusLine = true;
  #awaitsStart = true;
  /** Pairs of positions of lines that are not passed on; only this many of the list count. */
  readonly #drops: number[] = [];
  #dropped = 0;
  #transferEncodingAt = -1;
  /** Names that the sender's `Connection` makes hop-by-hop, in lower case. */
  #named: string[] | undefined;

  /** @param statusLine true for a head, false for a trailer section */
  begin(statusLine: boolean): void {
    this.error = '';
    this.status = 0;
    this.http10 = false;
    this.contentLength = -1;
    this.chunked = false;
    this.connectionClose = false;
    this.hasDate = false;
    this.eventStream = false;
    this.connectionLogin = false;
    this.setsCookie = false;
    this.namesPlace = false;
    this.keepAliveSeconds = -1;
    this.upgrade = '';
    this.count = 0;
    this.#statusLine = statusLine;
    this.#awaitsStart = true;
    this.#dropped = 0;
    this.#transferEncodingAt = -1;
    this.#named = undefined;
  }

  /** Call when what was parsed so far has been copied to the beginning of another memory. */
  moved(by: number): void {
    if (this.#awaitsStart) return;
    this.#start -= by;
    this.#next -= by;
    // Not known before the status line is complete.
    if (this.#linesStart !== -1) this.#linesStart -= by;
    for (let i = 0; i < this.#dropped; i += 1) this.#drops[i]! -= by;
    if (this.#transferEncodingAt >= 0) this.#transferEncodingAt -= by;
  }

  /** @returns the position after the empty line, or 0 when more bytes are needed or `error` is set */
  parse(memory: Buffer, from: number, length: number): number {
    this.#memory = memory;
    if (this.#awaitsStart) {
      this.#awaitsStart = false;
      this.#start = from;
      this.#next = from;
      this.#linesStart = this.#statusLine ? -1 : from;
    }
    let at = this.#next;
    if (this.#linesStart === -1) {
      at = this.#parseStatusLine(memory, at, length);
      if (at === 0) return 0;
      this.#linesStart = at;
      this.#next = at;
    }
    for (;;) {
      // Noticed at once: to a reader who takes it for the empty line, what follows is the body.
      if (at + 1 >= length) return at < length && memory[at] === LF ? this.#fail('a bare LF') : 0;
      if (memory[at] === CR) {
        if (memory[at + 1] !== LF) return this.#fail('a bare CR');
        this.#linesEnd = at;
        return at + 2;
      }
      at = this.#parseLine(memory, at, length);
      if (at === 0) return 0;
      this.#next = at;
    }
  }

  /** The status line after its version: `200 OK`. */
  statusText(): string {
    return this.#memory.latin1Slice(this.#start + 9, this.#linesStart - 2);
  }

  /**
   * Status line (HTTP/1.1, whatever the upstream speaks) and the lines that are passed on, in as few pieces as
   * possible.
   */
  wholeText(keepTransferEncoding: boolean): string {
    if (this.http10 || this.#named !== undefined) {
      return `HTTP/1.1 ${this.statusText()}\r\n${this.text(keepTransferEncoding)}`;
    }
    return this.#linesFrom(this.#start, keepTransferEncoding);
  }

  /**
   * Closes the gaps of dropped lines, in memory, so that the head and what follows it are one piece. Earlier positions
   * of lines become invalid.
   * @returns where the head begins now, or -1, without effect, when it has to be assembled as text
   */
  pack(keepTransferEncoding: boolean): number {
    if (this.http10 || this.#named !== undefined) return -1;
    let start = this.#linesEnd;
    let end = this.#linesEnd;
    for (let i = this.#dropped - 2; i >= -2; i -= 2) {
      const from = i < 0 ? this.#start : this.#drops[i + 1]!;
      if (i >= 0 && keepTransferEncoding && this.#drops[i] === this.#transferEncodingAt) continue;
      if (start !== end) this.#memory.copyWithin(start - (end - from), from, end);
      start -= end - from;
      if (i >= 0) end = this.#drops[i]!;
    }
    return start;
  }

  /** The memory that the head is in. */
  get memory(): Buffer {
    return this.#memory;
  }

  /** Where the head ends, empty line included. */
  get end(): number {
    return this.#linesEnd + 2;
  }

  /** The reason phrase. */
  reason(): string {
    return this.#memory.latin1Slice(this.#start + 13, this.#linesStart - 2);
  }

  /** The lines that are passed on, each ended by CRLF, in their order and case. */
  text(keepTransferEncoding: boolean): string {
    if (this.#named !== undefined) return joinFields(this.fields(keepTransferEncoding));
    return this.#linesFrom(this.#linesStart, keepTransferEncoding);
  }

  #linesFrom(start: number, keepTransferEncoding: boolean): string {
    const memory = this.#memory;
    let text = '';
    let from = start;
    const drops = this.#drops;
    for (let i = 0; i < this.#dropped; i += 2) {
      const start = drops[i]!;
      if (keepTransferEncoding && start === this.#transferEncodingAt) continue;
      if (start > from) text += memory.latin1Slice(from, start);
      from = drops[i + 1]!;
    }
    if (this.#linesEnd > from) text += memory.latin1Slice(from, this.#linesEnd);
    return text;
  }

  /** The fields that are passed on, flat. */
  fields(keepTransferEncoding: boolean): string[] {
    const memory = this.#memory;
    const fields: string[] = [];
    let drop = 0;
    for (let at = this.#linesStart; at < this.#linesEnd; ) {
      const end = memory.indexOf(LF, at) + 1;
      if (drop < this.#dropped && at === this.#drops[drop]) {
        drop += 2;
        if (!(keepTransferEncoding && at === this.#transferEncodingAt)) {
          at = end;
          continue;
        }
      }
      const colon = memory.indexOf(COLON, at);
      const name = memory.latin1Slice(at, colon);
      if (!this.#named?.includes(name.toLowerCase())) {
        fields.push(name, trimSpace(memory.latin1Slice(colon + 1, end - 2)));
      }
      at = end;
    }
    return fields;
  }

  #fail(reason: string): 0 {
    this.error = reason;
    return 0;
  }

  #parseStatusLine(memory: Buffer, at: number, length: number): number {
    // `HTTP/1.x NNN`, then a space and a reason, which may be missing.
    if (length - at < 14) {
      return memory.indexOf(LF, at) !== -1 && memory.indexOf(LF, at) < length
        ? this.#fail('not an HTTP/1 status line')
        : 0;
    }
    const good =
      memory[at] === 72 &&
      memory[at + 1] === 84 &&
      memory[at + 2] === 84 &&
      memory[at + 3] === 80 &&
      memory[at + 4] === 47 &&
      memory[at + 5] === 49 &&
      memory[at + 6] === 46 &&
      (memory[at + 7]! | 1) === 49 &&
      memory[at + 8] === 32;
    if (!good) return this.#fail('not an HTTP/1 status line');
    const hundreds = memory[at + 9]! - 48;
    const tens = memory[at + 10]! - 48;
    const ones = memory[at + 11]! - 48;
    if (hundreds < 1 || hundreds > 9 || tens < 0 || tens > 9 || ones < 0 || ones > 9) {
      return this.#fail('the status is not a number of three digits');
    }
    const after = memory[at + 12];
    if (after !== 32 && after !== CR) return this.#fail('the status is not a number of three digits');
    let end = at + 12;
    while (end < length && BYTES[memory[end]!]! >= 2) end += 1;
    if (end + 1 >= length)
      return end < length && memory[end] !== CR ? this.#fail('a bad byte in the status line') : 0;
    if (memory[end] !== CR || memory[end + 1] !== LF) return this.#fail('a bad byte in the status line');
    this.http10 = memory[at + 7] === 48;
    this.status = hundreds * 100 + tens * 10 + ones;
    return end + 2;
  }

  #parseLine(memory: Buffer, start: number, length: number): number {
    let at = start;
    while (at < length && (BYTES[memory[at]!]! & 1) === 1) at += 1;
    if (at === length) return 0;
    if (memory[at] !== COLON || at === start) {
      return this.#fail(
        memory[start] === 32 || memory[start] === 9 ? 'a folded field line' : 'a bad byte in a field name',
      );
    }
    const colon = at;
    at += 1;
    while (at < length && BYTES[memory[at]!]! >= 2) at += 1;
    if (at === length) return 0;
    if (memory[at] !== CR) return this.#fail('a bad byte in a field value');
    if (at + 1 === length) return 0;
    if (memory[at + 1] !== LF) return this.#fail('a bare CR');
    this.count += 1;
    if (this.count > MAX_LINES) return this.#fail('too many fields');
    const kind = fieldClass(memory, start, colon);
    if (kind !== FieldClass.endToEnd && !this.#note(kind, memory, start, colon + 1, at)) return 0;
    return at + 2;
  }

  /** What a field means to framing and connection. False when it is invalid. */
  #note(kind: number, memory: Buffer, line: number, from: number, to: number): boolean {
    if (!this.#statusLine) return this.#noteTrailer(kind, line, to + 2);
    switch (kind) {
      case FieldClass.date:
        this.hasDate = true;
        return true;
      case FieldClass.contentType:
        this.eventStream = startsWith(memory, from, to, 'text/event-stream');
        return true;
      case FieldClass.wwwAuthenticate:
        this.connectionLogin ||= continuesConnectionLogin(memory.latin1Slice(from, to));
        return true;
      case FieldClass.setCookie:
        this.setsCookie = true;
        return true;
      case FieldClass.place:
        this.namesPlace = true;
        return true;
      case FieldClass.contentLength:
        return this.#noteContentLength(memory, line, from, to);
      case FieldClass.transferEncoding:
        if (this.chunked || trimSpace(memory.latin1Slice(from, to)).toLowerCase() !== 'chunked') {
          this.error = 'a Transfer-Encoding other than chunked';
          return false;
        }
        this.chunked = true;
        this.#transferEncodingAt = line;
        break;
      case FieldClass.connection:
        // The value that nearly every upstream sends needs no string.
        if (startsWith(memory, from, to, 'close')) this.connectionClose = true;
        if (!isWhole(memory, from, to, 'keep-alive') && !isWhole(memory, from, to, 'close')) {
          this.#noteConnection(memory.latin1Slice(from, to));
        }
        break;
      case FieldClass.keepAlive:
        this.keepAliveSeconds = Number(/timeout=(\d{1,6})/i.exec(memory.latin1Slice(from, to))?.[1] ?? -1);
        break;
      case FieldClass.upgrade:
        this.upgrade = trimSpace(memory.latin1Slice(from, to));
        break;
      default:
    }
    this.#drop(line, to + 2);
    return true;
  }

  #drop(from: number, to: number): void {
    this.#drops[this.#dropped] = from;
    this.#drops[this.#dropped + 1] = to;
    this.#dropped += 2;
  }

  #noteContentLength(memory: Buffer, line: number, from: number, to: number): boolean {
    let value = 0;
    let digits = 0;
    let at = from;
    while (at < to && (memory[at] === 32 || memory[at] === 9)) at += 1;
    for (; at < to && memory[at]! >= 48 && memory[at]! <= 57; at += 1, digits += 1) {
      value = value * 10 + memory[at]! - 48;
    }
    while (at < to && (memory[at] === 32 || memory[at] === 9)) at += 1;
    if (at !== to || digits === 0 || digits > 15) this.error = 'Content-Length is not a number';
    else if (this.contentLength !== -1) this.error = 'more than one Content-Length';
    this.contentLength = value;
    // A 204 has no body to measure: the field would be wrong and must not be passed on (RFC 9110 section 8.6).
    if (this.status === 204 || this.status < 200) this.#drop(line, to + 2);
    return this.error === '';
  }

  #noteConnection(value: string): void {
    for (const option of value.split(',')) {
      const name = trimSpace(option).toLowerCase();
      if (name === 'close') this.connectionClose = true;
      else if (name !== '' && name !== 'keep-alive' && !FRAMING.has(name)) {
        this.#named ??= [];
        this.#named.push(name);
      }
    }
  }

  /** Trailers must not contain fields that frame or route a message (RFC 9110 section 6.5.1). */
  #noteTrailer(kind: number, line: number, end: number): boolean {
    if (!HARMLESS.has(kind)) this.#drop(line, end);
    return true;
  }
}

const EMPTY = Buffer.alloc(0);

/** Known fields that a trailer section may have. */
const HARMLESS = new Set<number>([
  FieldClass.date,
  FieldClass.contentType,
  FieldClass.wwwAuthenticate,
  FieldClass.setCookie,
  FieldClass.place,
]);

/**
 * Fields that a sender cannot remove by naming them in Connection: without them the body would have no
 * bounds.
 */
const FRAMING = new Set(['content-length', 'transfer-encoding']);
