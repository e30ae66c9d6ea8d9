/**
 * A route's rewrite where old and new differ (`routes[].rewrite`), compiled once per config and applied when the
 * candidate serves: to the request's path and fields on the way out, and on the way back to everything that names the
 * candidate's own address or path (respond/rewrite-response.ts).
 */
import type { RewriteConfig } from '@ficus/core';
import type { ResponseHead } from '../respond/response-amendments.ts';
import {
  type ClientOrigin,
  compileResponseRewrite,
  type UpstreamPlace,
} from '../respond/rewrite-response.ts';
import { hasDotSegment } from '../wire/canonical-path.ts';
import { hasPrefix } from '../wire/path-prefix.ts';

export interface Rewrite {
  /** Target for the candidate; `undefined` keeps it as it came. */
  target(target: string, canonical: string): string | undefined;
  /** Fields for the request, flat. */
  readonly setRequestHeaders: readonly string[];
  readonly removeRequestHeaders: readonly string[];
  /** Changes the head in place. */
  response(head: ResponseHead, origin: ClientOrigin): void;
}

/**
 * @param upstream authority and base path of the candidate
 * @param ignoreCase `legacy.paths.ignoreCase`: then the prefix is cut in any case
 */
export function compileRewrite(config: RewriteConfig, upstream: UpstreamPlace, ignoreCase: boolean): Rewrite {
  const { stripPrefix = '', addPrefix = '', requestHeaders } = config;
  const strip = stripPrefix.replace(/\/$/, '');
  const add = addPrefix.replace(/\/$/, '');
  return {
    setRequestHeaders: [
      ...prefixField(strip, requestHeaders?.set),
      ...Object.entries(requestHeaders?.set ?? {}).flat(),
    ],
    // A client's field of a name that is set would get in by another spelling.
    removeRequestHeaders: [...(requestHeaders?.remove ?? []), ...Object.keys(requestHeaders?.set ?? {})],
    target: (target, canonical) =>
      strip || add ? rewriteTarget(target, canonical, strip, add, ignoreCase) : undefined,
    response: compileResponseRewrite(config, upstream, strip, add),
  };
}

/** What was taken off the path: frameworks put it before the URLs that they write. */
function prefixField(strip: string, set: Readonly<Record<string, string>> = {}): string[] {
  const isSet = Object.keys(set).some((name) => name.toLowerCase() === 'x-forwarded-prefix');
  return strip === '' || isSet ? [] : ['X-Forwarded-Prefix', strip];
}

/**
 * Cuts the raw path where possible. A path that spells its prefix differently goes out in canonical form, and so does
 * one with dot segments: `/old/../old/x` would climb out of the new prefix (GHSA-2q7r-29rg-6m5h).
 */
function rewriteTarget(
  target: string,
  canonical: string,
  strip: string,
  add: string,
  ignoreCase: boolean,
): string {
  const begins = (path: string): boolean =>
    ignoreCase ? hasPrefix(path.toLowerCase(), strip.toLowerCase()) : hasPrefix(path, strip);
  const queryAt = target.indexOf('?');
  const query = queryAt === -1 ? '' : target.slice(queryAt);
  const raw = queryAt === -1 ? target : target.slice(0, queryAt);
  const path = begins(raw) && !hasDotSegment(raw) ? raw : canonical;
  const rest = begins(path) ? path.slice(strip.length) : path;
  return `${add}${rest.startsWith('/') ? rest : `/${rest}`}${query}`;
}
