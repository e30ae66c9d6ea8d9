/** `ficus check --explain METHOD URL`: which route wins, why, and which others would match. */
import type { IncomingMessage } from 'node:http';
import type { FicusConfig } from '@ficus/core';
import { AMBIGUOUS_PATH, inspectHead, type Refusal } from '../accept/inspect-head.ts';
import { type InspectedHead, readFields } from '../accept/inspected-head.ts';
import { allHold, type RequestFacts } from '../match/conditions/condition.ts';
import { ForeignWrites } from '../match/foreign-writes.ts';
import { matchAmbiguous } from '../match/match-ambiguous.ts';
import { buildRouteTable, compilePattern, listRoutes, type MatchedRoute } from '../match/route-table.ts';
import { NetworkList } from '../wire/network-list.ts';

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

interface ExplainRequest {
  /** Flat list, as in a request; cookies are in its Cookie field. */
  readonly headers?: readonly string[] | undefined;
  /** Address of the client; without one, no condition on it holds. */
  readonly clientAddress?: string | undefined;
}

/** @param url a path with or without query, or an absolute URL (whose host counts) */
export function explainMatch(
  config: FicusConfig,
  method: string,
  url: string,
  request: ExplainRequest = {},
): MatchExplanation {
  const facts = readFields(request.headers ?? []);
  const refusal = inspect(config, method, url, request.clientAddress, facts);
  if (refusal) return { kind: 'refused', status: refusal.status, reason: refusal.detail };
  const { path } = facts;
  const match = matchFacts(config, method, facts);
  if (match === 'disputed')
    return { kind: 'refused', status: AMBIGUOUS_PATH.status, reason: AMBIGUOUS_PATH.detail };
  const { matched: winner, written } = match;
  const candidates = listRoutes(config).filter(({ route }) =>
    compilePattern(route, config.legacy.paths)(method, path),
  );
  const missed = candidates
    .filter((route) => !allHold(route.conditions, facts))
    .map((route) => miss(route, facts));
  if (!winner) {
    const why = 'no route matches; the request goes to the legacy untouched';
    return { kind: 'no-route', path, why, missed, alsoWrites: written };
  }
  const others = candidates.filter(
    (route) => route.index !== winner.index && allHold(route.conditions, facts),
  );
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

/** By the rules for a request that has arrived. */
function inspect(
  { proxy }: FicusConfig,
  method: string,
  url: string,
  clientAddress: string | undefined,
  facts: InspectedHead,
): Refusal | undefined {
  const { host, target } = takeApart(url);
  if (host !== '') facts.host = host;
  const isNamed = facts.host !== '';
  // Every client names a host; a condition on an unknown one does not hold.
  if (!isNamed) facts.host = 'unknown';
  const arrived = {
    method,
    url: target,
    rawHeaders: facts.rawHeaders,
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    socket: { remoteAddress: clientAddress },
  } as unknown as IncomingMessage;
  // Only a trusted proxy is believed about another client's address, and an explanation knows none.
  const refusal = inspectHead(arrived, facts, proxy.limits, new NetworkList([]));
  if (!isNamed) facts.host = '';
  return refusal;
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
