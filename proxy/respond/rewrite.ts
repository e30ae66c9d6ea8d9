/**
 * Rewrites where old and new differ (`routes[].rewrite`), applied when the candidate serves: the path before it goes
 * out, and in the answer whatever names the candidate's own address or path: Location, Content-Location, Link, Refresh,
 * Set-Cookie.
 */
import type { RewriteConfig } from '@ficus/core';
import { hasDotSegment } from '../wire/canonical-path.ts';
import type { ResponseHead } from './response-amendments.ts';

export interface Rewrite {
  /** Target for the candidate; `undefined` leaves it as it came. */
  target(target: string, canonical: string): string | undefined;
  /** Fields for the request, flat. */
  readonly setRequestHeaders: readonly string[];
  readonly removeRequestHeaders: readonly string[];
  /** Changes the head in place. @param origin the proxy as the client knows it, `http://shop.example.com` */
  response(head: ResponseHead, origin: string): void;
}

/** `5; url=/there`, the URL quoted or not. No two parts can take the same bytes: an upstream may be hostile. */
const REFRESH = /^([\d.\s]*[;,]\s*url\s*=\s*["']?)([^"'\s]*)(["']?)$/i;

/** @param upstream authority and base path of the candidate */
export function compileRewrite(
  config: RewriteConfig,
  upstream: { readonly authority: string; readonly basePath: string },
): Rewrite {
  const { stripPrefix = '', addPrefix = '', requestHeaders, responseHeaders } = config;
  const strip = stripPrefix.replace(/\/$/, '');
  const add = addPrefix.replace(/\/$/, '');
  const setResponse = Object.entries(responseHeaders?.set ?? {});
  const goneFromResponse = new Set([
    ...(responseHeaders?.remove ?? []),
    ...setResponse.map(([name]) => name),
  ]);
  const url = (value: string, origin: string): string =>
    config.location ? proxiedUrl(value, origin, upstream, strip, add) : value;
  return {
    setRequestHeaders: Object.entries(requestHeaders?.set ?? {}).flat(),
    removeRequestHeaders: requestHeaders?.remove ?? [],
    target: (target, canonical) => (strip || add ? rewriteTarget(target, canonical, strip, add) : undefined),
    response(head, origin) {
      const headers: string[] = [];
      for (let index = 0; index < head.headers.length; index += 2) {
        const name = head.headers[index]!;
        const lower = name.toLowerCase();
        if (goneFromResponse.has(lower)) continue;
        headers.push(name, rewriteField(lower, head.headers[index + 1]!, origin));
      }
      for (const [name, value] of setResponse) headers.push(name, value);
      head.headers = headers;
    },
  };

  function rewriteField(name: string, value: string, origin: string): string {
    if (name === 'location' || name === 'content-location') return url(value, origin);
    // RFC 8288: each target stands in angle brackets.
    if (name === 'link')
      return value.replace(/<([^<>]*)>/g, (_, target: string) => `<${url(target, origin)}>`);
    if (name === 'refresh') {
      const parts = REFRESH.exec(value);
      return parts ? `${parts[1]}${url(parts[2]!, origin)}${parts[3]}` : value;
    }
    if (name === 'set-cookie' && (config.cookieDomain || config.cookiePath)) {
      return rewriteCookie(value, config.cookieDomain ?? {}, config.cookiePath ?? {});
    }
    return value;
  }
}

/**
 * The raw path is cut where it can be. One that spells its prefix in another way goes out in canonical form, and so
 * does one with dot segments: `/old/../old/x` would climb out of the new prefix (GHSA-2q7r-29rg-6m5h).
 */
function rewriteTarget(target: string, canonical: string, strip: string, add: string): string {
  const queryAt = target.indexOf('?');
  const query = queryAt === -1 ? '' : target.slice(queryAt);
  const raw = queryAt === -1 ? target : target.slice(0, queryAt);
  const path = hasPrefix(raw, strip) && !hasDotSegment(raw) ? raw : canonical;
  const rest = hasPrefix(path, strip) ? path.slice(strip.length) : path;
  return `${add}${rest.startsWith('/') ? rest : `/${rest}`}${query}`;
}

function hasPrefix(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

function proxiedUrl(
  value: string,
  origin: string,
  upstream: { readonly authority: string; readonly basePath: string },
  strip: string,
  add: string,
): string {
  const absolute = /^(?:https?:)?\/\/([^/?#]+)(.*)$/i.exec(value);
  if (absolute && absolute[1]!.toLowerCase() !== upstream.authority.toLowerCase()) return value;
  if (!absolute && !value.startsWith('/')) return value;
  const path = absolute ? absolute[2] || '/' : value;
  const inside = cutPrefix(cutPrefix(path, upstream.basePath), add);
  const outside = add || strip ? `${strip}${inside}` : inside;
  return absolute ? `${origin}${outside}` : outside;
}

/** @param path with query and fragment */
function cutPrefix(path: string, prefix: string): string {
  const end = path.search(/[?#]/);
  if (prefix === '' || !hasPrefix(end === -1 ? path : path.slice(0, end), prefix)) return path;
  const rest = path.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function rewriteCookie(
  cookie: string,
  domains: Readonly<Record<string, string>>,
  paths: Readonly<Record<string, string>>,
): string {
  const [pair, ...attributes] = cookie.split(';');
  const kept = attributes.flatMap((attribute) => {
    const [name, value = ''] = attribute.split('=', 2) as [string, string?];
    const lower = name.trim().toLowerCase();
    const map = lower === 'domain' ? domains : lower === 'path' ? paths : {};
    const key = lower === 'domain' ? value.trim().replace(/^\./, '') : value.trim();
    const to = Object.hasOwn(map, key) ? map[key] : undefined;
    if (to === undefined) return [attribute];
    return to === '' ? [] : [`${name}=${to}`];
  });
  return [pair, ...kept].join(';');
}
