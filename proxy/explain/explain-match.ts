/**
 * Which route wins, why, and which others would match: for `ficus check --explain`, from a config, and for
 * `ficus explain`, from the routes that a proxy runs with.
 */
import type { FicusConfig } from '@ficus/core';
import { AMBIGUOUS_PATH } from '../accept/inspect-head.ts';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { allHold, type RequestFacts } from '../match/conditions/condition.ts';
import { ForeignWrites } from '../match/foreign-writes.ts';
import { matchAmbiguous } from '../match/match-ambiguous.ts';
import { buildRouteTable, compilePattern, listRoutes, type MatchedRoute } from '../match/route-table.ts';
import { NetworkList } from '../wire/network-list.ts';
import { describeRequest, type RequestWords } from './described-request.ts';
import { mayTakePath } from './may-take-path.ts';

export interface ExplainedRoute {
  readonly slice: string;
  readonly route: string;
  readonly kind: 'read' | 'write';
  readonly pattern: string;
  readonly conditions: number;
  /** The conditions in words. */
  readonly needs: readonly string[];
}

/** A route of this method and path whose conditions do not all hold. */
export interface MissedRoute extends ExplainedRoute {
  /** Those that do not. */
  readonly unmet: readonly string[];
}

export type MatchExplanation =
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | {
      readonly kind: 'no-route';
      readonly path: string;
      readonly why: string;
      readonly missed: readonly MissedRoute[];
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
      readonly missed: readonly MissedRoute[];
      /** Slices beside its own whose tables the request writes: its caller is pinned there. */
      readonly alsoWrites: readonly string[];
    };

type Match = Exclude<MatchExplanation, { kind: 'refused' }>;

/** @param url a path with or without query, or an absolute URL (whose host counts) */
export function explainMatch(
  config: FicusConfig,
  method: string,
  url: string,
  request: Omit<RequestWords, 'method' | 'url'> = {},
): MatchExplanation {
  // Only a trusted proxy is believed about another client's address, and this explanation knows none.
  const described = describeRequest({ method, url, ...request }, config.proxy.limits, new NetworkList([]));
  const { head, refusal } = described;
  if (refusal) return { kind: 'refused', status: refusal.status, reason: refusal.detail };
  const match = matchFacts(config, method, head);
  if (match === 'disputed')
    return { kind: 'refused', status: AMBIGUOUS_PATH.status, reason: AMBIGUOUS_PATH.detail };
  const takes = (route: MatchedRoute): boolean => takesRequest(config, route, method, head.path);
  return describeMatch(match.matched, match.written, listRoutes(config).filter(takes), head);
}

/** Whether a route takes the method and the path, whatever its conditions say. May have to compile its pattern. */
export function takesRequest(
  { legacy }: { readonly legacy: Pick<FicusConfig['legacy'], 'paths'> },
  { route }: MatchedRoute,
  method: string,
  path: string,
): boolean {
  return mayTakePath(route.path, path) && compilePattern(route, legacy.paths)(method, path);
}

/**
 * @param winner the route that takes the request
 * @param written slices whose tables it writes
 * @param near all routes that take its method and path
 */
export function describeMatch(
  winner: MatchedRoute | undefined,
  written: readonly string[],
  near: readonly MatchedRoute[],
  facts: RequestFacts & { readonly path: string },
): Match {
  const { path } = facts;
  const missed = near.filter((route) => !allHold(route.conditions, facts)).map((route) => miss(route, facts));
  if (!winner) {
    const why = 'no route matches; the request goes to the legacy untouched';
    return { kind: 'no-route', path, why, missed, alsoWrites: written };
  }
  const others = near.filter((route) => route.index !== winner.index && allHold(route.conditions, facts));
  return {
    kind: 'matched',
    path,
    winner: describe(winner),
    why: explain(winner, others),
    others: others.map(describe),
    missed,
    alsoWrites: written.filter((slice) => slice !== winner.slice),
  };
}

function matchFacts(config: FicusConfig, method: string, facts: InspectedHead) {
  const table = buildRouteTable(config);
  const foreignWrites = new ForeignWrites(config);
  if (facts.ambiguous)
    return matchAmbiguous({ config, table, foreignWrites }, method, facts.ambiguous, facts);
  const { path } = facts;
  return {
    matched: table.find(method, path, facts),
    written: foreignWrites.find(method, path, facts),
  };
}

function miss(route: MatchedRoute, facts: RequestFacts): MissedRoute {
  const unmet = route.conditions.filter((condition) => !condition.holds(facts));
  return { ...describe(route), unmet: unmet.map(({ needs }) => needs) };
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
  const needs = route.conditions.map((condition) => condition.needs);
  return { slice: route.slice, route: id, kind, pattern: path, conditions: needs.length, needs };
}
