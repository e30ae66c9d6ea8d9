/**
 * Step 6, respond, under a rewrite: replaces the candidate's own address or path by the proxy's in the candidate's
 * answer: Location, Content-Location, Link, Refresh, Set-Cookie. Then applies the fields that the config removes or
 * sets. Without a rewrite in the config, only the candidate's own address and base path are replaced.
 */
import type { RewriteConfig } from '@ficus/core';
import { cutPrefix, hasPrefix } from '../wire/path-prefix.ts';
import type { ResponseHead } from './response-amendments.ts';

/** The proxy as the client knows it. */
export interface ClientOrigin {
  /** Undefined where neither TLS ends here nor a trusted proxy says it. */
  readonly scheme: 'http' | 'https' | undefined;
  /** Host and port; empty when the client named no host. */
  readonly authority: string;
  /** Path prefix that a proxy in front has taken off. */
  readonly prefix: string;
}

/** Where the side is. */
export interface UpstreamPlace {
  readonly authority: string;
  /** The Host of its requests, when that is not the client's. */
  readonly host?: string | undefined;
  readonly basePath: string;
}

/** `5; url=/there`, the URL quoted or not. No two parts can match the same bytes: an upstream may be hostile. */
const REFRESH = /^([\d.\s]*[;,]\s*url\s*=\s*["']?)([^"'\s]*)(["']?)$/i;

/** @param strip prefix that the request's path lost @param add prefix that replaced it */
export function compileResponseRewrite(
  config: RewriteConfig,
  upstream: UpstreamPlace,
  strip: string,
  add: string,
): (head: ResponseHead, origin: ClientOrigin) => void {
  const set = Object.entries(config.responseHeaders?.set ?? {});
  const gone = new Set([...(config.responseHeaders?.remove ?? []), ...set.map(([name]) => name)]);
  const url = (value: string, origin: ClientOrigin): string =>
    config.location ? proxiedUrl(value, origin, upstream, strip, add) : value;
  return (head, origin) => {
    const headers: string[] = [];
    for (let index = 0; index < head.headers.length; index += 2) {
      const name = head.headers[index]!;
      const lower = name.toLowerCase();
      if (gone.has(lower)) continue;
      headers.push(name, rewriteField(lower, head.headers[index + 1]!, origin));
    }
    for (const [name, value] of set) headers.push(name, value);
    head.headers = headers;
  };

  function rewriteField(name: string, value: string, origin: ClientOrigin): string {
    if (name === 'location' || name === 'content-location') return url(value, origin);
    // RFC 8288: each target is in angle brackets.
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

function proxiedUrl(
  value: string,
  origin: ClientOrigin,
  upstream: UpstreamPlace,
  strip: string,
  add: string,
): string {
  const absolute = /^(?:(https?):)?\/\/([^/?#]+)(.*)$/i.exec(value);
  if (absolute && !isNamed(upstream, bareAuthority(absolute[2]!, absolute[1]))) return value;
  if (!absolute && !value.startsWith('/')) return value;
  const path = absolute ? absolute[3] || '/' : value;
  const inside = cutPrefix(cutPrefix(path, upstream.basePath), add);
  // A candidate that knows the prefix (X-Forwarded-Prefix) has put it there itself.
  if (!absolute && strip !== '' && inside === path && hasPrefix(pathOf(path), strip)) return value;
  const outside = add || strip ? `${strip}${inside}` : inside;
  return absolute ? `${rootFor(absolute[1], absolute[2]!, origin)}${outside}` : outside;
}

/**
 * Scheme, authority and prefix of an absolute URL that names the upstream. Where it names the proxy too, as the client
 * does, its scheme was chosen for the client, unless it would lead a client that is known to use https to http. Elsewhere it has the client's scheme; as long as that is only assumed,
 * `https` becomes none: then the client takes its own (RFC 3986 section 5.2.2).
 */
function rootFor(written: string | undefined, authority: string, origin: ClientOrigin): string {
  if (origin.authority === '') return '';
  const scheme = written?.toLowerCase();
  const clients = bareAuthority(origin.authority, origin.scheme ?? scheme);
  if (bareAuthority(authority, scheme ?? origin.scheme) === clients) {
    // Behind TLS that ends before it, an application that does not know the scheme writes http.
    const kept = scheme === 'http' && origin.scheme === 'https' ? 'https' : written;
    return `${kept === undefined ? '' : `${kept}:`}//${authority}${origin.prefix}`;
  }
  const shown = origin.scheme ?? (scheme === 'http' ? 'http' : undefined);
  return `${shown === undefined ? '' : `${shown}:`}//${origin.authority}${origin.prefix}`;
}

function isNamed({ authority, host }: UpstreamPlace, bare: string): boolean {
  return bare === authority.toLowerCase() || (host !== undefined && bare === bareAuthority(host, 'http'));
}

/** In lower case, without the scheme's own port, as a URL has it. */
function bareAuthority(authority: string, scheme: string | undefined): string {
  const lower = authority.toLowerCase();
  const port = scheme?.toLowerCase() === 'https' ? ':443' : ':80';
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
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
