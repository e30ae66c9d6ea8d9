/**
 * The one pass over a request's fields: it collects all that later steps need, so that they need not read the fields
 * again. It runs where Node delivers the fields (lean-request), because Node must first know whether a body follows.
 * inspect-head judges the result.
 */
import type { IncomingMessage } from 'node:http';
import type { RequestFacts } from '../match/conditions/condition.ts';
import type { AmbiguousPath } from '../wire/ambiguous-path.ts';
import type { NetworkList } from '../wire/network-list.ts';
import { Query } from '../wire/query.ts';
import { queryOf } from '../wire/request-target.ts';
import { clientAddress } from './client-address.ts';

const NO_FIELDS: readonly string[] = [];

/** The result of the pass, completed by inspectHead. Later steps only read it; `undefined`: the client sent none. */
export class InspectedHead implements RequestFacts {
  target = '';
  rawHeaders: readonly string[] = NO_FIELDS;
  /** Canonical path, for matching. */
  path = '';
  /** Only where servers read the path in different ways; `path` is then its literal reading. */
  ambiguous: AmbiguousPath | undefined = undefined;
  host = '';
  cookie: string | undefined = undefined;
  /** The first. */
  authorization: string | undefined = undefined;
  authorizations = 0;
  requestId: string | undefined = undefined;
  traceparent: string | undefined = undefined;
  /** Access-Control-Request-Method. */
  announced: string | undefined = undefined;
  forwarded: string | undefined = undefined;
  forwardedFor: string | undefined = undefined;
  forwardedHost: string | undefined = undefined;
  forwardedProto: string | undefined = undefined;
  forwardedPort: string | undefined = undefined;
  forwardedPrefix: string | undefined = undefined;
  force: string | undefined = undefined;
  /** The client's Connection says more than `close` or `keep-alive`. */
  namesFields = false;
  hosts = 0;
  /** It has a CSeq, as requests of RTSP do. */
  isSequenced = false;
  lengths = 0;
  contentLength: string | undefined = undefined;
  /** Transfer codings, as one list. */
  coding: string | undefined = undefined;
  /** A body follows, of at least one byte or of unknown length. */
  hasBody = false;
  /** The client waits for an interim answer before it sends the body, or expects something else. */
  expects = false;
  upgradesToH2c = false;
  maxForwardsField: string | undefined = undefined;
  /** Only for OPTIONS: how many more hops may forward the request. */
  maxForwards: number | undefined = undefined;
  /** Address of the peer. */
  peer = '';
  /** Its X-Forwarded-* fields are trusted. */
  fromTrustedProxy = false;
  /** Of the connection that it came on. */
  ownScheme: 'http' | 'https' = 'http';
  #trusted: NetworkList | undefined = undefined;
  #query: Query | undefined = undefined;

  /** Address of the client behind trusted proxies. Computed on first use: few requests need it. */
  get clientAddress(): string {
    return this.fromTrustedProxy ? clientAddress(this.peer, this.#trusted!, this.forwardedFor) : this.peer;
  }

  /** Scheme of the request's URL, as the client knows it; X-Forwarded-Proto is trusted only from trusted proxies. */
  get scheme(): 'http' | 'https' {
    const told = this.fromTrustedProxy ? firstOf(this.forwardedProto).toLowerCase() : '';
    return told === 'https' || told === 'http' ? told : this.ownScheme;
  }

  /** Computed on first use: only conditions of routes need it. */
  get query(): Query {
    this.#query ??= new Query(queryOf(this.target));
    return this.#query;
  }

  setPeer(peer: string, trusted: NetworkList): void {
    this.peer = peer;
    this.fromTrustedProxy = trusted.has(peer);
    this.#trusted = trusted;
  }
}

interface ReadRequest extends IncomingMessage {
  inspected?: InspectedHead | undefined;
}

/** The head of a request; reads its fields now if that has not happened yet. */
export function headOf(request: IncomingMessage): InspectedHead {
  const read = request as ReadRequest;
  read.inspected ??= readFields(request.rawHeaders);
  return read.inspected;
}

/** @param rawHeaders flat list */
export function readFields(rawHeaders: readonly string[]): InspectedHead {
  const head = new InspectedHead();
  head.rawHeaders = rawHeaders;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    const value = rawHeaders[index + 1]!;
    // Length alone rules out most fields; only these lengths are compared.
    switch (name.length) {
      case 4:
        if (is(name, 'host')) {
          head.hosts += 1;
          head.host = value;
        } else if (is(name, 'cseq')) head.isSequenced = true;
        break;
      case 6:
        // RFC 9110 allows one Cookie field; HTTP/2 gateways make several of them.
        if (is(name, 'cookie')) head.cookie = head.cookie === undefined ? value : `${head.cookie}; ${value}`;
        else if (is(name, 'expect')) head.expects = true;
        break;
      case 7:
        // An upgrade to h2c would hide further requests from us.
        if (is(name, 'upgrade')) head.upgradesToH2c ||= /\bh2c\b/i.test(value);
        break;
      case 9:
        if (is(name, 'forwarded')) head.forwarded = join(head.forwarded, value);
        break;
      case 10:
        if (is(name, 'connection')) head.namesFields ||= value.length > 'keep-alive'.length;
        break;
      case 11:
        // Two of them are none: which one is meant cannot be known.
        if (is(name, 'traceparent')) head.traceparent = head.traceparent === undefined ? value : '';
        break;
      case 12:
        if (is(name, 'x-request-id')) head.requestId ??= value;
        else if (is(name, 'max-forwards')) head.maxForwardsField ??= value;
        break;
      case 13:
        if (is(name, 'authorization')) {
          head.authorization ??= value;
          head.authorizations += 1;
        } else if (is(name, 'x-ficus-force')) head.force = join(head.force, value);
        break;
      case 14:
        if (is(name, 'content-length')) {
          head.lengths += 1;
          head.contentLength = value;
          head.hasBody ||= value !== '0';
        }
        break;
      case 15:
        if (is(name, 'x-forwarded-for')) head.forwardedFor = join(head.forwardedFor, value);
        break;
      case 16:
        if (is(name, 'x-forwarded-host')) head.forwardedHost = join(head.forwardedHost, value);
        else if (is(name, 'x-forwarded-port')) head.forwardedPort = join(head.forwardedPort, value);
        break;
      case 17:
        if (is(name, 'transfer-encoding')) {
          head.coding = join(head.coding, value);
          head.hasBody = true;
        } else if (is(name, 'x-forwarded-proto')) head.forwardedProto = join(head.forwardedProto, value);
        break;
      case 29:
        if (is(name, 'access-control-request-method')) head.announced ??= value;
        break;
      case 18:
        if (is(name, 'x-forwarded-prefix')) head.forwardedPrefix = join(head.forwardedPrefix, value);
        break;
    }
  }
  return head;
}

function is(name: string, wanted: string): boolean {
  return name === wanted || name.toLowerCase() === wanted;
}

function join(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** The first entry of a list, or an empty one. */
export function firstOf(list: string | undefined): string {
  if (list === undefined) return '';
  const end = list.indexOf(',');
  return end === -1 ? list : list.slice(0, end).trim();
}
