/**
 * The request head for the upstream, as one string: the client's fields in their order and case, without those of
 * the hop, with the caller's. The client's `Connection` is honoured before anything of ours is added, so that no
 * client can name one of our fields there and have it removed.
 */
import type { IncomingMessage } from 'node:http';
import { splitTarget } from '../wire/request-target.ts';
import type { ForwardCall } from './forward-call.ts';

/** How the request's body is delimited; kept as it came, whatever the method. */
export type RequestBody = 'none' | 'length' | 'chunked';

export interface RequestHead {
  /** Complete, empty line included; written as latin1. */
  text: string;
  body: RequestBody;
  expectsContinue: boolean;
  /** Why it cannot be sent, or empty. */
  error: string;
}

export interface HeadDestination {
  readonly basePath: string;
  readonly authority: string;
}

const BAD_TARGET = /[^\x21-\x7e\x80-\xff]/;

/** Builds the head. `upgrade` keeps the Upgrade field and says so in Connection. */
export function buildRequestHead(
  request: IncomingMessage,
  call: ForwardCall,
  destination: HeadDestination,
  upgrade: boolean,
): RequestHead {
  const result: RequestHead = { text: '', body: 'none', expectsContinue: false, error: '' };
  const target = call.target ?? request.url!;
  let path = target;
  let prefix = destination.basePath;
  let host: string | undefined;
  if (target.charCodeAt(0) !== 47) {
    const split = splitTarget(target, request.method!);
    path = split.path;
    if (path === '*') prefix = '';
    host = split.authority;
  }
  if (call.target !== undefined && BAD_TARGET.test(path)) result.error = 'a bad byte in the rewritten target';
  const raw = request.rawHeaders;
  const named = connectionNames(raw);
  const { setHeaders, removeHeaders } = call;
  const lengths = setHeaders === undefined ? 0 : lengthMask(setHeaders);
  let te = false;
  let hasHost = false;
  let text = `${request.method} ${prefix}${path} HTTP/1.1\r\n`;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const { length } = name;
    switch (length) {
      case 2:
        if (lower(name) === 'te') {
          te ||= /(^|,)\s*trailers\s*(,|$)/i.test(raw[i + 1]!);
          continue;
        }
        break;
      case 4:
        if (lower(name) === 'host') {
          hasHost = true;
          if (host !== undefined) {
            text += fieldLine(name, host);
            continue;
          }
        }
        break;
      case 6:
        if (lower(name) === 'expect') result.expectsContinue = /^100-continue$/i.test(raw[i + 1]!.trim());
        break;
      case 7:
        if (lower(name) === 'upgrade') {
          if (upgrade) text += fieldLine(name, raw[i + 1]!);
          continue;
        }
        break;
      case 10:
        if (isEither(lower(name), 'connection', 'keep-alive')) continue;
        break;
      case 14:
        if (lower(name) === 'content-length') {
          // An empty one is none to move: the request may then be asked twice like one without.
          if (raw[i + 1] !== '0') result.body = 'length';
          text += fieldLine(name, raw[i + 1]!);
          continue;
        }
        break;
      case 16:
        if (lower(name) === 'proxy-connection') continue;
        break;
      case 17:
        if (lower(name) === 'transfer-encoding') {
          // The only coding that Node lets through for a request is chunked; it stays, named or not.
          result.body = 'chunked';
          text += fieldLine(name, raw[i + 1]!);
          continue;
        }
        break;
      case 18:
        if (lower(name) === 'proxy-authenticate') continue;
        break;
      case 19:
        if (lower(name) === 'proxy-authorization') continue;
        break;
      default:
    }
    if (named?.includes(lower(name))) continue;
    if ((lengths & (1 << (length & 31))) !== 0 && isSet(setHeaders!, name)) continue;
    if (removeHeaders?.has(name)) continue;
    text += fieldLine(name, raw[i + 1]!);
  }
  if (!hasHost && !(setHeaders !== undefined && isSet(setHeaders, 'host'))) {
    text += `Host: ${host ?? destination.authority}\r\n`;
  }
  if (setHeaders !== undefined) {
    for (let i = 0; i < setHeaders.length; i += 2) text += fieldLine(setHeaders[i]!, setHeaders[i + 1]!);
  }
  text += request.httpVersionMinor === 0 ? 'Via: 1.0 ficus\r\n' : 'Via: 1.1 ficus\r\n';
  if (upgrade) text += 'Connection: Upgrade\r\n';
  else if (te) text += 'TE: trailers\r\nConnection: TE\r\n';
  result.text = `${text}\r\n`;
  return result;
}

/** The names in the client's Connection fields, in lower case; `undefined` when there are none to honour. */
export function connectionNames(raw: readonly string[]): string[] | undefined {
  let names: string[] | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length !== 10 || lower(raw[i]!) !== 'connection') continue;
    const value = raw[i + 1]!;
    if (value === 'keep-alive' || value === 'close' || value === 'Keep-Alive') continue;
    for (const option of value.split(',')) {
      const name = option.trim().toLowerCase();
      // A client must not be able to take away the host, the framing, or what the upstream is waited for by.
      if (name === '' || name === 'close' || name === 'keep-alive' || name === 'host' || name === 'expect')
        continue;
      names ??= [];
      names.push(name);
    }
  }
  return names;
}

/** Whether a flat list has a field of this name, whatever its case. */
export function isSet(fields: readonly string[], name: string): boolean {
  const wanted = lower(name);
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.length === wanted.length && lower(fields[i]!) === wanted) return true;
  }
  return false;
}

function lengthMask(fields: readonly string[]): number {
  let mask = 0;
  for (let i = 0; i < fields.length; i += 2) mask |= 1 << (fields[i]!.length & 31);
  return mask;
}

function isEither(name: string, one: string, other: string): boolean {
  return name === one || name === other;
}

function fieldLine(name: string, value: string): string {
  // biome-ignore lint/style/useTemplate: V8 makes sure of each part of a template, each time, that it is a string
  return name + ': ' + value + '\r\n';
}

function lower(name: string): string {
  return name.toLowerCase();
}
