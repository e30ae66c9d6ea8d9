/**
 * Step 1, accept: one pass over the head of a request. What llhttp lets through and RFC 9112 does not is refused
 * here, and what later steps need is picked out on the way, so that they need not go over the head again.
 */
import type { IncomingMessage } from 'node:http';
import type { RefusalReason } from '@ficus/core';
import type { RequestFacts } from '../match/conditions/condition.ts';
import { ALLOW } from '../respond/answer-options.ts';
import { canonicalPath } from '../wire/canonical-path.ts';
import type { NetworkList } from '../wire/network-list.ts';
import { headerValue } from '../wire/raw-headers.ts';
import { clientAddress, peerAddress } from './client-address.ts';

export interface HeadLimits {
  readonly headerCount: number;
  readonly targetBytes: number;
}

const NO_FIELDS: readonly string[] = [];

/** What the pass finds. Later steps read it and change nothing; fields are `undefined` when the client sent none. */
export class InspectedHead implements RequestFacts {
  target = '';
  rawHeaders: readonly string[] = NO_FIELDS;
  /** Canonical path, for matching. */
  path = '';
  host = '';
  cookie: string | undefined = undefined;
  authorization: string | undefined = undefined;
  requestId: string | undefined = undefined;
  traceparent: string | undefined = undefined;
  forwarded: string | undefined = undefined;
  forwardedFor: string | undefined = undefined;
  forwardedHost: string | undefined = undefined;
  forwardedProto: string | undefined = undefined;
  force: string | undefined = undefined;
  /** The client's Connection says more than `close` or `keep-alive`. */
  namesFields = false;
  /** The client asks for server-sent events: an answer without an end. */
  eventStream = false;
  /** Of OPTIONS alone: how many hops may still pass the request on. */
  maxForwards: number | undefined = undefined;
  /** Address of the other end of the connection. */
  peer = '';
  /** What it says about the client is believed. */
  fromTrustedProxy = false;
  #trusted: NetworkList | undefined = undefined;

  /** Of the client behind trusted proxies. Found out when it is asked for: few requests need it. */
  get clientAddress(): string {
    return this.fromTrustedProxy ? clientAddress(this.peer, this.#trusted!, this.forwardedFor) : this.peer;
  }

  setPeer(peer: string, trusted: NetworkList): void {
    this.peer = peer;
    this.fromTrustedProxy = trusted.has(peer);
    this.#trusted = trusted;
  }
}

/** A request that goes no further. `reason` names it in the log and in the counter. */
export interface Refusal {
  readonly status: number;
  readonly reason: RefusalReason;
  readonly detail: string;
  /** Flat list of fields that the answer needs. */
  readonly headers?: readonly string[];
}

const refusal = (status: number, reason: RefusalReason, detail: string): Refusal => ({
  status,
  reason,
  detail,
});

const TOO_LONG = refusal(414, 'target-too-long', 'The request target is too long.');
const TOO_MANY = refusal(431, 'too-many-headers', 'The request has too many header fields.');
const SEVERAL_HOSTS = refusal(400, 'duplicate-host', 'The request has more than one Host field.');
const NO_HOST = refusal(400, 'host-missing', 'An HTTP/1.1 request needs a Host field.');
const BAD_HOST = refusal(400, 'host-invalid', 'The Host field is not a host name with an optional port.');
const SEVERAL_LENGTHS = refusal(400, 'duplicate-content-length', 'More than one Content-Length.');
const TWO_FRAMINGS = refusal(400, 'two-framings', 'Content-Length and Transfer-Encoding together.');
const BAD_CODING = refusal(400, 'transfer-encoding-invalid', 'The last transfer coding is not chunked.');
const UNKNOWN_CODING = refusal(501, 'transfer-encoding-unknown', 'No transfer coding but chunked is known.');
const CODING_IN_1_0 = refusal(400, 'transfer-encoding-in-1.0', 'HTTP/1.0 has no Transfer-Encoding.');
const BAD_TARGET = refusal(400, 'target-invalid', 'The request target has a form that is not served here.');
const NO_METHOD: Refusal = {
  ...refusal(405, 'method-refused', 'TRACE and CONNECT are not served here.'),
  headers: ALLOW,
};

const NO_VERSION = refusal(400, 'version-missing', 'The request line names no version of HTTP.');
const BAD_VERSION = refusal(505, 'version-unknown', 'Only HTTP/1.1 and HTTP/1.0 are served here.');

const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** Nearly all requests name the same one. */
let lastGoodHost = '';

/** Fills `head` from the request, or answers why the request is refused. */
export function inspectHead(
  request: IncomingMessage,
  head: InspectedHead,
  limits: HeadLimits,
  trusted: NetworkList,
): Refusal | undefined {
  const { method, rawHeaders } = request;
  head.setPeer(peerAddress(request.socket), trusted);
  const target = request.url!;
  head.target = target;
  head.rawHeaders = rawHeaders;
  // llhttp knows 0.9 and 2.0 as well, and reads fields and a body in either.
  if (request.httpVersionMajor !== 1) return request.httpVersionMajor === 0 ? NO_VERSION : BAD_VERSION;
  if (method === 'TRACE' || method === 'CONNECT') return NO_METHOD;
  if (target.length > limits.targetBytes) return TOO_LONG;
  if (rawHeaders.length > limits.headerCount * 2) return TOO_MANY;
  const unfit = readFields(rawHeaders, head, request.httpVersionMinor === 0) ?? checkHost(request, head);
  if (unfit) return unfit;
  if (method === 'OPTIONS') head.maxForwards = readMaxForwards(rawHeaders);
  return readTarget(target, method!, head);
}

function readFields(
  rawHeaders: readonly string[],
  head: InspectedHead,
  http10: boolean,
): Refusal | undefined {
  let hosts = 0;
  let lengths = 0;
  let coding: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    const value = rawHeaders[index + 1]!;
    // Most fields are told apart by their length alone; only these lengths are looked at.
    switch (name.length) {
      case 4:
        if (is(name, 'host')) {
          hosts += 1;
          head.host = value;
        }
        break;
      case 6:
        // RFC 9110 allows one Cookie field; HTTP/2 gateways make several of them.
        if (is(name, 'accept')) head.eventStream ||= value.startsWith('text/event-stream');
        else if (is(name, 'cookie'))
          head.cookie = head.cookie === undefined ? value : `${head.cookie}; ${value}`;
        break;
      case 9:
        if (is(name, 'forwarded')) head.forwarded = join(head.forwarded, value);
        break;
      case 10:
        if (is(name, 'connection')) head.namesFields ||= value.length > 'keep-alive'.length;
        break;
      case 11:
        if (is(name, 'traceparent')) head.traceparent = value;
        break;
      case 12:
        if (is(name, 'x-request-id')) head.requestId ??= value;
        break;
      case 13:
        if (is(name, 'authorization')) head.authorization ??= value;
        else if (is(name, 'x-ficus-force')) head.force = join(head.force, value);
        break;
      case 14:
        if (is(name, 'content-length')) lengths += 1;
        break;
      case 15:
        if (is(name, 'x-forwarded-for')) head.forwardedFor = join(head.forwardedFor, value);
        break;
      case 16:
        if (is(name, 'x-forwarded-host')) head.forwardedHost ??= value;
        break;
      case 17:
        if (is(name, 'transfer-encoding')) coding = join(coding, value);
        else if (is(name, 'x-forwarded-proto')) head.forwardedProto ??= value;
        break;
    }
  }
  if (hosts > 1) return SEVERAL_HOSTS;
  if (lengths > 1) return SEVERAL_LENGTHS;
  if (coding === undefined) return undefined;
  return lengths > 0 ? TWO_FRAMINGS : checkCoding(coding.toLowerCase(), http10);
}

/** RFC 9110 section 7.6.2. What is no number is not ours to judge. */
function readMaxForwards(rawHeaders: readonly string[]): number | undefined {
  const value = headerValue(rawHeaders, 'max-forwards');
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** RFC 9112 section 6.1. llhttp looks at the last coding alone, and calls us before it refuses it. */
function checkCoding(coding: string, http10: boolean): Refusal | undefined {
  if (http10) return CODING_IN_1_0;
  if (coding === 'chunked') return undefined;
  return /[, \t]chunked$/.test(coding) ? UNKNOWN_CODING : BAD_CODING;
}

function is(name: string, wanted: string): boolean {
  return name === wanted || name.toLowerCase() === wanted;
}

function join(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

function checkHost(request: IncomingMessage, head: InspectedHead): Refusal | undefined {
  if (head.host === '') return request.httpVersionMinor === 0 ? undefined : NO_HOST;
  if (head.host === lastGoodHost) return undefined;
  if (!HOST.test(head.host)) return BAD_HOST;
  lastGoodHost = head.host;
  return undefined;
}

function readTarget(target: string, method: string, head: InspectedHead): Refusal | undefined {
  let origin = target;
  if (target.charCodeAt(0) !== 47) {
    if (target === '*') {
      head.path = '*';
      return method === 'OPTIONS' ? undefined : BAD_TARGET;
    }
    // RFC 9112 section 3.2.2: the authority of an absolute-form target replaces the Host field.
    // What follows it has to be a path or a query: `user@` or `\` would be read in two ways.
    const absolute = /^https?:\/\/([^/?#@\\]+)([/?].*)?$/i.exec(target);
    if (!absolute || !HOST.test(absolute[1]!)) return BAD_TARGET;
    head.host = absolute[1]!;
    if (absolute[2] === undefined && method === 'OPTIONS') {
      head.path = '*';
      return undefined;
    }
    const path = absolute[2] ?? '/';
    origin = path.startsWith('/') ? path : `/${path}`;
  }
  const path = canonicalPath(origin);
  if (typeof path !== 'string')
    return refusal(400, 'path-ambiguous', `The path is refused: ${path.refused}.`);
  head.path = path;
  return undefined;
}
