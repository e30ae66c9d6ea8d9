/**
 * Step 1, accept: refuses what llhttp accepts and RFC 9112 forbids, using what the one pass over the fields has found
 * (inspected-head).
 */
import type { IncomingMessage } from 'node:http';
import type { RefusalReason } from '@ficus/core';
import { ALLOW } from '../respond/answer-options.ts';
import { canonicalPath } from '../wire/canonical-path.ts';
import type { NetworkList } from '../wire/network-list.ts';
import { peerAddress } from './client-address.ts';
import type { InspectedHead } from './inspected-head.ts';

interface HeadLimits {
  readonly headerCount: number;
  readonly targetBytes: number;
}

/** A request that is refused. `reason` names it in the log and in the counter. */
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
const SEVERAL_LENGTHS = refusal(
  400,
  'duplicate-content-length',
  'The request has more than one Content-Length field.',
);
const TWO_FRAMINGS = refusal(
  400,
  'two-framings',
  'The request has both Content-Length and Transfer-Encoding.',
);
const BAD_CODING = refusal(400, 'transfer-encoding-invalid', 'The last transfer coding is not chunked.');
const UNKNOWN_CODING = refusal(
  501,
  'transfer-encoding-unknown',
  'The only transfer coding supported is chunked.',
);
const CODING_IN_1_0 = refusal(400, 'transfer-encoding-in-1.0', 'HTTP/1.0 has no Transfer-Encoding.');
const BAD_TARGET = refusal(400, 'target-invalid', 'The request target has a form that is not served here.');
const NO_METHOD: Refusal = {
  ...refusal(405, 'method-refused', 'TRACE and CONNECT are not served here.'),
  headers: ALLOW,
};

/** Step 2 decides it: only where routes differ for the path's readings. */
export const AMBIGUOUS_PATH = refusal(
  400,
  'path-ambiguous',
  'Servers read this path in different ways, and a route depends on it: escape each character once.',
);

/** Step 2 decides it: a route may have a limit of its own. */
export const BODY_TOO_LARGE = refusal(413, 'body-too-large', 'The body of the request is too large.');

const NO_VERSION = refusal(400, 'version-missing', 'The request line names no version of HTTP.');
const BAD_VERSION = refusal(505, 'version-unknown', 'Only HTTP/1 is served here.');

/** llhttp knows them under RTSP only. */
const RTSP_METHODS = new Set(
  'DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH'.split(' '),
);

const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d*)?$/;

/** Whether it can be a Host field: a name or an address, with an optional port. */
export const isHost = (text: string): boolean => HOST.test(text);

/** Judges the fields, and adds target and peer to `head`; returns the refusal, if any. */
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
  // llhttp also accepts 0.9 and 2.0, and reads fields and a body in either.
  if (request.httpVersionMajor !== 1) return request.httpVersionMajor === 0 ? NO_VERSION : BAD_VERSION;
  if (method === 'TRACE' || method === 'CONNECT') return NO_METHOD;
  if (RTSP_METHODS.has(method!) || (request.httpVersionMinor === 0 && looksForeign(method!, head)))
    return BAD_VERSION;
  if (target.length > limits.targetBytes) return TOO_LONG;
  if (rawHeaders.length > limits.headerCount * 2) return TOO_MANY;
  const unfit = judgeFields(head, request.httpVersionMinor === 0) ?? checkHost(request, head);
  if (unfit) return unfit;
  if (method === 'OPTIONS') head.maxForwards = readMaxForwards(head.maxForwardsField);
  return readTarget(target, method!, head);
}

/** llhttp takes RTSP/1.0 and ICE/1.0 as HTTP/1.0 and does not say so. RTSP requires CSeq (RFC 2326 section 12.17). */
function looksForeign(method: string, { isSequenced }: InspectedHead): boolean {
  return isSequenced || method === 'SOURCE';
}

function judgeFields({ hosts, lengths, coding }: InspectedHead, http10: boolean): Refusal | undefined {
  if (hosts > 1) return SEVERAL_HOSTS;
  if (lengths > 1) return SEVERAL_LENGTHS;
  if (coding === undefined) return undefined;
  return lengths > 0 ? TWO_FRAMINGS : checkCoding(coding.toLowerCase(), http10);
}

/** RFC 9110 section 7.6.2. A value that is not a number is passed on. */
function readMaxForwards(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** RFC 9112 section 6.1. llhttp checks only the last coding, and calls us before it refuses it. */
function checkCoding(coding: string, http10: boolean): Refusal | undefined {
  if (http10) return CODING_IN_1_0;
  if (coding === 'chunked') return undefined;
  return /[, \t]chunked$/.test(coding) ? UNKNOWN_CODING : BAD_CODING;
}

function checkHost(request: IncomingMessage, head: InspectedHead): Refusal | undefined {
  if (head.host === '') return request.httpVersionMinor === 0 ? undefined : NO_HOST;
  return isHost(head.host) ? undefined : BAD_HOST;
}

function readTarget(target: string, method: string, head: InspectedHead): Refusal | undefined {
  let origin = target;
  if (target.charCodeAt(0) !== 47) {
    if (target === '*') {
      head.path = '*';
      return method === 'OPTIONS' ? undefined : BAD_TARGET;
    }
    // RFC 9112 section 3.2.2: the authority of an absolute-form target replaces the Host field. Only a path or a query
    // may follow it: `user@` or `\` could be read in two ways.
    const absolute = /^https?:\/\/([^/?#@\\]+)([/?].*)?$/i.exec(target);
    if (!absolute || !isHost(absolute[1]!)) return BAD_TARGET;
    head.host = absolute[1]!;
    if (absolute[2] === undefined && method === 'OPTIONS') {
      head.path = '*';
      return undefined;
    }
    const path = absolute[2] ?? '/';
    origin = path.startsWith('/') ? path : `/${path}`;
  }
  const path = canonicalPath(origin);
  if (typeof path === 'string') head.path = path;
  else {
    head.ambiguous = path;
    head.path = path.literal;
  }
  return undefined;
}
