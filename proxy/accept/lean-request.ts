/**
 * An `IncomingMessage` for `http.createServer({ IncomingMessage, optimizeEmptyRequests: true })`. Most requests have no
 * body; for them Node creates a whole stream and a whole `headers` object, only to read Expect and to end the stream.
 * Here a request without a body is a plain object whose prototype is a message that has already ended; a request with
 * one becomes the message that Node would have created, as soon as its head is known.
 *
 * Restriction for a request without body: `headers` is empty, so the server needs `requireHostHeader: false` and its
 * owner must check Host. The proxy reads only `rawHeaders`.
 *
 * A Node without the methods used here (before 24.12) gets its own message class, at its usual cost.
 */
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { nodeInternals } from '../wire/node-internals.ts';
import { type InspectedHead, readFields } from './inspected-head.ts';

/** What Node's parser and server do to a message, beneath the documented interface. */
interface MessageInternals extends IncomingMessage {
  upgrade: boolean | null;
  _consuming: boolean;
  _addHeaderLines(headers: string[], count: number): void;
  _dumpAndCloseReadable(): void;
  _read(): void;
}

interface Lean extends MessageInternals {
  inspected: InspectedHead | undefined;
  bodiless: boolean;
}

const plain = IncomingMessage.prototype as MessageInternals;
const headersOf = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers')!;
const NO_FIELDS: string[] = [];
const NO_HEADERS = Object.freeze(Object.create(null) as IncomingMessage['headers']);

function LeanMessage(this: Lean, socket: Socket): void {
  this.socket = socket;
  this.httpVersionMajor = 1;
  this.httpVersionMinor = 1;
  this.httpVersion = '1.1';
  this.url = '';
  this.upgrade = false;
  this.rawHeaders = NO_FIELDS;
  this.complete = false;
  this.method = '';
  this.bodiless = true;
  this.inspected = undefined;
}

const members: PropertyDescriptorMap = {
  headers: {
    get(this: Lean) {
      return this.bodiless ? NO_HEADERS : (headersOf.get!.call(this) as unknown);
    },
    set(this: Lean, headers: unknown) {
      headersOf.set!.call(this, headers);
    },
  },
  _addHeaderLines: {
    writable: true,
    value(this: Lean, headers: string[], count: number) {
      if (this.complete || !this.bodiless) {
        plain._addHeaderLines.call(this, headers, count);
        return;
      }
      this.inspected = readFields(headers);
      const { expects, lengths, coding } = this.inspected;
      if (expects || lengths > 0 || coding !== undefined) becomeMessage(this, headers, count);
      else this.rawHeaders = headers;
    },
  },
  _read: {
    value(this: Lean) {
      if (!this.bodiless) plain._read.call(this);
    },
  },
  _dumpAndCloseReadable: {
    value(this: Lean) {
      if (!this.bodiless) plain._dumpAndCloseReadable.call(this);
    },
  },
  push: {
    value(this: Lean, chunk: unknown) {
      return this.bodiless ? false : plain.push.call(this, chunk);
    },
  },
};

/** As a constructor that `http.createServer` takes. */
export const LeanRequest: typeof IncomingMessage = nodeInternals.requests
  ? makeLeanRequest()
  : class PlainRequest extends IncomingMessage {};

function makeLeanRequest(): typeof IncomingMessage {
  // Ended, destroyed and closed: nothing is left to do on its stream.
  const ended = new IncomingMessage(undefined as unknown as Socket) as MessageInternals;
  ended._dumpAndCloseReadable();
  ended._consuming = true;
  LeanMessage.prototype = Object.create(ended, members);
  return LeanMessage as unknown as typeof IncomingMessage;
}

function becomeMessage(message: Lean, headers: string[], count: number): void {
  const { socket, httpVersionMajor, httpVersionMinor, httpVersion, url, upgrade } = message;
  message.bodiless = false;
  (IncomingMessage as unknown as (this: Lean, socket: Socket) => void).call(message, socket);
  Object.assign(message, { httpVersionMajor, httpVersionMinor, httpVersion, url, upgrade });
  plain._addHeaderLines.call(message, headers, count);
}
