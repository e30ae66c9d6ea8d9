/**
 * Step 2, match: from method, canonical path and conditions to a route. Precedence is find-my-way's: static
 * before parametric before wildcard; among routes of one pattern the one with more conditions wins, then the
 * first.
 *
 * All routes of one method and pattern are one entry of the tree, so that their number has no bound, and a
 * table without any conditions never looks beyond method and path.
 */
import { METHODS } from 'node:http';
import type { ConfigProblem, FicusConfig, PathComparison, RouteConfig } from '@ficus/core';
import { compileConditions } from './conditions/compile-conditions.ts';
import { allHold, type Condition, type RequestFacts } from './conditions/condition.ts';
import { PathRouter } from './path-router.ts';

/** A route's place in the config, and what it takes to match it. */
export interface MatchedRoute {
  readonly slice: string;
  readonly route: RouteConfig;
  /** Position in the whole config, for counters kept in arrays. */
  readonly index: number;
  /** Position inside its list in the slice, and which list that is. */
  readonly position: number;
  readonly list: 'routes' | 'writtenBy';
  readonly conditions: readonly Condition[];
}

export interface RouteTable {
  readonly routes: readonly MatchedRoute[];
  /** A CORS preflight finds the route of the request that it announces. @param path canonical path */
  find(method: string, path: string, facts: RequestFacts): MatchedRoute | undefined;
}

/** Routes of one method and pattern, in the order in which they are tried. */
class RouteGroup {
  readonly routes: MatchedRoute[] = [];

  add(route: MatchedRoute): void {
    this.routes.push(route);
    this.routes.sort((a, b) => b.conditions.length - a.conditions.length || a.index - b.index);
  }

  get alwaysMatches(): boolean {
    return this.routes.at(-1)!.conditions.length === 0;
  }

  /** An earlier route that takes all requests of this one. */
  sameAs({ conditions }: MatchedRoute): MatchedRoute | undefined {
    const wanted = needsOf(conditions);
    return this.routes.find((route) => needsOf(route.conditions) === wanted);
  }

  pick(facts: RequestFacts): MatchedRoute | undefined {
    for (const route of this.routes) if (allHold(route.conditions, facts)) return route;
    return undefined;
  }
}

function needsOf(conditions: readonly Condition[]): string {
  return JSON.stringify(conditions.map(({ needs }) => needs).sort());
}

/** The table of a config. Routes that match the same requests are left out; `checkRoutes` reports them. */
export function buildRouteTable(config: FicusConfig): RouteTable {
  return buildTable(listRoutes(config), config.legacy.paths, []);
}

/** Problems with routes that only the router can find: bad patterns, routes that can never be reached. */
export function checkRoutes(config: FicusConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  buildTable(listRoutes(config), config.legacy.paths, problems);
  // A route with several methods would repeat the problem for each of them.
  return [...new Map(problems.map((problem) => [problem.path.join('.'), problem])).values()];
}

/** All routes in the order of the config. */
export function listRoutes(config: FicusConfig): MatchedRoute[] {
  const slices = Object.entries(config.slices);
  const flat = slices.flatMap(([slice, { routes }]) =>
    routes.map((route, position) => ({ slice, route, position })),
  );
  return flat.map(({ slice, route, position }, index) => ({
    slice,
    route,
    position,
    list: 'routes',
    index,
    conditions: compileConditions(route),
  }));
}

/** By method and pattern. */
type RouteGroups = Map<
  string,
  {
    readonly group: RouteGroup;
    readonly method: string;
    readonly path: string;
    readonly first: MatchedRoute;
    /** HEAD of routes that name GET alone: its problems are those of GET. */
    readonly isImplied?: boolean;
  }
>;

/** @param problems receives the problems of the patterns */
export function buildTable(
  routes: readonly MatchedRoute[],
  paths: PathComparison,
  problems: ConfigProblem[],
): RouteTable {
  const router = new PathRouter<RouteGroup>(paths, conditionStrategy);
  let conditional = false;
  const groups: RouteGroups = new Map();
  for (const route of routes) {
    conditional ||= route.conditions.length > 0;
    for (const method of route.route.methods) {
      const key = `${method} ${route.route.path}`;
      const known = groups.get(key);
      if (known) {
        const first = known.group.sameAs(route);
        if (first !== undefined) {
          problems.push(unreachable(route, first));
          continue;
        }
        known.group.add(route);
      } else {
        const group = new RouteGroup();
        group.add(route);
        groups.set(key, { group, method, path: route.route.path, first: route });
      }
    }
  }
  addHeads(routes, groups);
  for (const { group, method, path, first, isImplied } of groups.values()) {
    if (!METHODS.includes(method)) {
      const at = [...configPath(first).slice(0, -1), 'methods'];
      problems.push({ path: at, message: `${method} is not a method that HTTP servers know` });
      continue;
    }
    const options = group.alwaysMatches ? {} : { constraints: { conditions: group } };
    try {
      router.add(method, path, group, options);
    } catch (error) {
      if (!isImplied) problems.push({ path: configPath(first), message: patternMessage(error) });
    }
  }
  const methods = new Set([...groups.values()].map((entry) => entry.method));
  const pick: RouteTable['find'] = (method, path, facts) => {
    const group = router.find(method, path, conditional ? { conditions: facts } : undefined);
    if (group === undefined) return undefined;
    return group.routes.length === 1 ? group.routes[0] : group.pick(facts);
  };
  return {
    routes,
    find(method, path, facts) {
      const found = methods.has(method) ? pick(method, path, facts) : undefined;
      if (found !== undefined || method !== 'OPTIONS' || facts.announced === undefined) return found;
      return methods.has(facts.announced) ? pick(facts.announced, path, facts) : undefined;
    },
  };
}

/** HEAD goes where GET goes (RFC 9110 section 9.3.2), unless another route takes it. */
function addHeads(routes: readonly MatchedRoute[], groups: RouteGroups): void {
  for (const route of routes) {
    const { methods, path } = route.route;
    if (!takes(methods, 'HEAD') || methods.includes('HEAD')) continue;
    const known = groups.get(`HEAD ${path}`);
    if (known === undefined) {
      const group = new RouteGroup();
      group.add(route);
      groups.set(`HEAD ${path}`, { group, method: 'HEAD', path, first: route, isImplied: true });
    } else if (known.group.sameAs(route) === undefined) known.group.add(route);
  }
}

/** Whether a route with these methods takes requests of this one. */
function takes(methods: readonly string[], method: string): boolean {
  return methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
}

/**
 * Whether a route takes a method and a canonical path, whatever its conditions say.
 * @param route from a valid config
 */
export function compilePattern(
  { methods, path: pattern }: Pick<RouteConfig, 'methods' | 'path'>,
  paths: PathComparison,
): (method: string, path: string) => boolean {
  const router = new PathRouter<true>(paths);
  const taken = new Set(['HEAD', ...methods].filter((method) => takes(methods, method)));
  for (const method of taken) router.add(method, pattern, true);
  return (method, path) => taken.has(method) && router.find(method, path) === true;
}

/** find-my-way calls the storage with registered values and with those of a request. */
const conditionStrategy = {
  name: 'conditions',
  storage() {
    const bits = new Map<RouteGroup, never>();
    return {
      get(value: unknown): never | null {
        if (value instanceof RouteGroup) return bits.get(value) ?? null;
        let matching = 0;
        for (const [group, bit] of bits) if (group.pick(value as RequestFacts)) matching |= bit;
        return matching as never;
      },
      set(value: unknown, bit: unknown) {
        bits.set(value as RouteGroup, bit as never);
      },
    };
  },
  deriveConstraint: () => undefined as unknown as string,
};

function configPath(route: MatchedRoute): (string | number)[] {
  return ['slices', route.slice, route.list, route.position, 'path'];
}

function unreachable(route: MatchedRoute, first: MatchedRoute): ConfigProblem {
  return {
    path: configPath(route),
    message: `is never reached: ${first.slice}/${first.route.id} matches the same requests. Remove one of the two, or add a condition`,
  };
}

function patternMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /already declared/.test(message)
    ? 'is never reached: another route has the same pattern, under another parameter name or spelling'
    : `is not a pattern that find-my-way accepts: ${message}`;
}
