/**
 * Conditions of a route beyond method and path: host, headers, query parameters, cookies. Compiled once for each
 * config; a request's query and cookies are taken apart only when a route that could match asks for them.
 */
import type { RouteConfig, ValueMatch } from '@ficus/core';
import { cookieValue } from '../wire/cookie.ts';
import { headerValue } from '../wire/raw-headers.ts';

/** What conditions look at: the inspected head of a request, or what `ficus check --explain` makes of its arguments. */
export interface RequestFacts {
  readonly host: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly cookie: string | undefined;
  /** Behind trusted proxies: of the client, not of the last proxy. */
  readonly clientAddress: string;
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
