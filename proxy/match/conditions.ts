/**
 * Conditions of a route beyond method and path: host, headers, query parameters, cookies. Compiled once for each
 * config; a request's query and cookies are taken apart only when a route that could match asks for them.
 */
import type { RouteConfig, ValueMatch } from '@ficus/core';
import { headerValue } from '../wire/raw-headers.ts';

/** What conditions look at. One such object is reused for all requests. */
export interface RequestFacts {
  readonly host: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly cookie: string | undefined;
}

export type Condition = (facts: RequestFacts) => boolean;

/** All conditions of a route; an empty list always holds. */
export function compileConditions(route: RouteConfig): Condition[] {
  const conditions: Condition[] = [];
  if (route.host !== undefined) conditions.push(hostCondition(route.host));
  for (const [name, match] of Object.entries(route.headers ?? {})) {
    const test = compileMatch(match);
    conditions.push((facts) => test(headerValue(facts.rawHeaders, name)));
  }
  for (const [name, match] of Object.entries(route.query ?? {})) {
    const test = compileMatch(match);
    conditions.push((facts) => test(queryValue(facts.target, name)));
  }
  for (const [name, match] of Object.entries(route.cookies ?? {})) {
    const test = compileMatch(match);
    conditions.push((facts) =>
      test(facts.cookie === undefined ? undefined : cookieValue(facts.cookie, name)),
    );
  }
  return conditions;
}

function compileMatch(match: ValueMatch): (value: string | undefined) => boolean {
  if (typeof match === 'string') return (value) => value === match;
  if ('present' in match) return (value) => (value !== undefined) === match.present;
  const whole = new RegExp(`^(?:${match.regex})$`);
  return (value) => value !== undefined && whole.test(value);
}

/** Exact and anchored: `evillocalhost` is not `localhost` (CVE-2026-55602); `*.` stands for one label. */
function hostCondition(pattern: string): Condition {
  const wanted = pattern.toLowerCase();
  if (!wanted.startsWith('*.')) return (facts) => hostName(facts.host) === wanted;
  const suffix = wanted.slice(1);
  return (facts) => {
    const host = hostName(facts.host);
    const label = host.slice(0, -suffix.length);
    return host.endsWith(suffix) && label !== '' && !label.includes('.');
  };
}

/** Host field without port, in lower case, without the root's dot. */
function hostName(host: string): string {
  const bare = host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.replace(/:\d*$/, '');
  return (bare.endsWith('.') ? bare.slice(0, -1) : bare).toLowerCase();
}

function queryValue(target: string, name: string): string | undefined {
  const queryAt = target.indexOf('?');
  if (queryAt === -1) return undefined;
  return new URLSearchParams(target.slice(queryAt + 1)).get(name) ?? undefined;
}

/** The value of a cookie as it was sent; undefined when there is none of this name. */
export function cookieValue(header: string, name: string): string | undefined {
  const length = name.length;
  let at = header.indexOf(name);
  while (at !== -1) {
    // A name counts only at the start of a pair and with `=` behind it.
    if (header.charCodeAt(at + length) === 61 && startsPair(header, at)) {
      const end = header.indexOf(';', at);
      return unquote(header.slice(at + length + 1, end === -1 ? undefined : end).trim());
    }
    at = header.indexOf(name, at + 1);
  }
  return undefined;
}

function startsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header.charCodeAt(before) === 32 || header.charCodeAt(before) === 9)) before -= 1;
  return before < 0 || header.charCodeAt(before) === 59;
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
