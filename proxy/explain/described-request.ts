/**
 * A request that was described in words, made into one that looks as if it had arrived: step 1 judges it by the rules
 * for requests that have. `ficus check --explain` and `ficus explain` describe requests.
 */
import type { IncomingMessage } from 'node:http';
import type { ProxyConfig } from '@ficus/core';
import { inspectHead, type Refusal } from '../accept/inspect-head.ts';
import { headOf, type InspectedHead } from '../accept/inspected-head.ts';
import type { NetworkList } from '../wire/network-list.ts';

export interface RequestWords {
  readonly method: string;
  /** A path with or without query, or an absolute URL, whose host counts. */
  readonly url: string;
  /** Flat list, as in a request; cookies are in its Cookie field. */
  readonly headers?: readonly string[] | undefined;
  /** Address of the peer; without one, no condition on the client's address holds. */
  readonly clientAddress?: string | undefined;
}

interface DescribedRequest {
  /** Has what the steps up to the decision read. */
  readonly request: IncomingMessage;
  readonly head: InspectedHead;
  readonly refusal: Refusal | undefined;
}

/** @param trusted peers that are believed about another client's address */
export function describeRequest(
  { method, url, headers = [], clientAddress }: RequestWords,
  limits: ProxyConfig['limits'],
  trusted: NetworkList,
): DescribedRequest {
  const { host, target } = takeApart(url);
  const request = {
    method,
    url: target,
    rawHeaders: headers,
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    socket: { remoteAddress: clientAddress },
  } as unknown as IncomingMessage;
  const head = headOf(request);
  if (host !== '') head.host = host;
  const isNamed = head.host !== '';
  // Every client names a host; a condition on an unknown one does not hold.
  if (!isNamed) head.host = 'unknown';
  const refusal = inspectHead(request, head, limits, trusted);
  if (!isNamed) head.host = '';
  return { request, head, refusal };
}

function takeApart(url: string): { host: string; target: string } {
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url);
  const rest = escapeLetters(absolute?.[2] ?? url);
  if (!absolute) return { host: '', target: rest };
  return { host: absolute[1]!, target: rest.startsWith('/') ? rest : `/${rest}` };
}

/** A browser sends `/café` escaped. */
function escapeLetters(target: string): string {
  return target.replace(/[^\x21-\x7e]+/g, (letters) => encodeURIComponent(letters.toWellFormed()));
}
