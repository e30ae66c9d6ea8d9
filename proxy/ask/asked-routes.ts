/** A config's routes for asking requests again: their rewrites, and which targets belong to them. */
import type { FicusConfig, PathComparison, RouteConfig, Side } from '@ficus/core';
import { RemovedFields } from '../accept/removed-fields.ts';
import { compileRewrite, type Rewrite } from '../forward/route-rewrite.ts';
import { compilePattern } from '../match/route-table.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { canonicalPath } from '../wire/canonical-path.ts';
import { targetForSide } from './side-target.ts';
import { type WithheldCredentials, withheldCredentials } from './withheld-credentials.ts';

/** Where requests are asked again: separate connections, so that a hung side takes nothing from live requests. */
export interface AskedUpstreams {
  readonly legacy: Upstream;
  readonly candidateOf: (slice: string) => Upstream;
}

export class AskedRoute {
  readonly candidate: Upstream;
  readonly rewrite: Rewrite | undefined;
  /** Fields that do not go to the candidate. */
  readonly removed: RemovedFields;
  readonly #legacy: Upstream;
  readonly #config: RouteConfig;
  readonly #paths: PathComparison;
  #matches: ((method: string, path: string) => boolean) | undefined;

  /**
   * @param never fields of the original request that neither side gets
   * @param withheld credentials that the candidate does not get
   */
  constructor(
    slice: string,
    config: RouteConfig,
    paths: PathComparison,
    upstreams: AskedUpstreams,
    never: readonly string[],
    withheld: WithheldCredentials,
  ) {
    this.#config = config;
    this.#paths = paths;
    this.#legacy = upstreams.legacy;
    this.candidate = upstreams.candidateOf(slice);
    this.rewrite = config.rewrite && compileRewrite(config.rewrite, this.candidate, paths.ignoreCase);
    const removed = this.rewrite?.removeRequestHeaders ?? [];
    this.removed = new RemovedFields(
      [...never, ...withheld.fields, ...removed.filter((name) => !SET_BY_PROXY.has(name))],
      { keepsForwarded: true, cookies: withheld.cookies },
    );
  }

  /** The target as each side gets it. @param canonical the target's canonical path */
  targets(target: string, canonical: string): Record<Side, string> {
    const { candidate, rewrite } = this;
    return {
      legacy: targetForSide(this.#legacy.basePath, undefined, target, canonical) ?? target,
      candidate: targetForSide(candidate.basePath, rewrite, target, canonical) ?? target,
    };
  }

  get isRead(): boolean {
    return this.#config.kind === 'read';
  }

  /** The canonical path, or undefined when the route's methods and pattern do not match. Ignores conditions. */
  pathOf(method: string, target: string): string | undefined {
    this.#matches ??= compilePattern(this.#config, this.#paths);
    const matches = this.#matches;
    const path = canonicalPath(target);
    if (typeof path === 'string') return matches(method, path) ? path : undefined;
    if (path.isLong) return undefined;
    return path.readings.every((reading) => matches(method, reading)) ? path.literal : undefined;
  }
}

/** A rewrite removes the client's fields of these names; what remains is the proxy's own. */
const SET_BY_PROXY = new Set([
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
]);

export type AskedRoutes = ReadonlyMap<string, ReadonlyMap<string, AskedRoute>>;

/** All routes, by slice and id. */
export function makeAskedRoutes(config: FicusConfig, upstreams: AskedUpstreams): AskedRoutes {
  const { assert } = config.proxy.identify;
  const never = assert ? [assert.header] : [];
  return new Map(
    Object.entries(config.slices).map(([slice, { candidate, routes }]) => {
      const withheld = withheldCredentials(config.proxy.identify, candidate);
      const paths = config.legacy.paths;
      return [
        slice,
        new Map(
          routes.map((route) => [route.id, new AskedRoute(slice, route, paths, upstreams, never, withheld)]),
        ),
      ];
    }),
  );
}
