/** `ficus check --explain METHOD URL`: which route wins, why, and which others would match. */
import type { FicusConfig } from '@ficus/core';
import { canonicalPath } from '../wire/canonical-path.ts';
import { headerValue } from '../wire/raw-headers.ts';
import type { RequestFacts } from './conditions.ts';
import { ForeignWrites } from './foreign-writes.ts';
import { buildRouteTable, listRoutes, type MatchedRoute } from './route-table.ts';

export interface ExplainedRoute {
  readonly slice: string;
  readonly route: string;
  readonly kind: 'read' | 'write';
  readonly pattern: string;
  readonly conditions: number;
}

export type MatchExplanation =
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'no-route';
      readonly path: string;
      readonly why: string;
      /** Slices whose tables the request writes: its caller is pinned there. */
      readonly alsoWrites: readonly string[];
    }
  | {
      readonly kind: 'matched';
      readonly path: string;
      readonly winner: ExplainedRoute;
      readonly why: string;
      /** Routes that match as well and lost. */
      readonly others: readonly ExplainedRoute[];
      /** Slices beside its own whose tables the request writes: its caller is pinned there. */
      readonly alsoWrites: readonly string[];
    };

export interface ExplainRequest {
  /** Flat list, as in a request. */
  readonly headers?: readonly string[];
  /** Address of the client; without one, no condition on it holds. */
  readonly clientAddress?: string;
}

/** @param url a path with or without query, or an absolute URL (its host is looked at) */
export function explainMatch(
  config: FicusConfig,
  method: string,
  url: string,
  request: ExplainRequest = {},
): MatchExplanation {
  const { host, target } = takeApart(url);
  const path = canonicalPath(target);
  if (typeof path !== 'string') return { kind: 'refused', reason: path.refused };
  const rawHeaders = request.headers ?? [];
  const cookie = headerValue(rawHeaders, 'cookie');
  const facts: RequestFacts = {
    host,
    target,
    rawHeaders,
    cookie,
    clientAddress: request.clientAddress ?? '',
  };
  const written = new ForeignWrites(config).find(method, path, facts);
  const winner = buildRouteTable(config).find(method, path, facts);
  if (!winner) {
    const why = 'no route matches; the request goes to the legacy untouched';
    return { kind: 'no-route', path, why, alsoWrites: written };
  }
  const others = listRoutes(config).filter(
    (route) => route.index !== winner.index && matchesAlone(config, route, method, path, facts),
  );
  return {
    kind: 'matched',
    path,
    winner: describe(winner),
    why: explain(winner, others),
    others: others.map(describe),
    alsoWrites: written.filter((slice) => slice !== winner.slice),
  };
}

function matchesAlone(
  config: FicusConfig,
  route: MatchedRoute,
  method: string,
  path: string,
  facts: RequestFacts,
): boolean {
  if (!route.route.methods.includes(method)) return false;
  const slice = config.slices[route.slice]!;
  const alone = { ...config, slices: { [route.slice]: { ...slice, routes: [route.route] } } };
  return buildRouteTable(alone).find(method, path, facts) !== undefined;
}

function explain(winner: MatchedRoute, others: readonly MatchedRoute[]): string {
  if (others.length === 0) return 'it is the only route that matches';
  if (others.some((other) => other.route.path !== winner.route.path)) {
    return 'static segments come before parameters, parameters before wildcards; then more conditions, then the first';
  }
  const most = Math.max(...others.map((other) => other.conditions.length));
  return winner.conditions.length > most ? 'it has the most conditions' : 'it comes first in the config';
}

function describe(route: MatchedRoute): ExplainedRoute {
  const { id, kind, path } = route.route;
  return { slice: route.slice, route: id, kind, pattern: path, conditions: route.conditions.length };
}

function takeApart(url: string): { host: string; target: string } {
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url);
  if (!absolute) return { host: '', target: url };
  const rest = absolute[2]!;
  return { host: absolute[1]!, target: rest.startsWith('/') ? rest : `/${rest}` };
}
