/** A route of the config, prepared for requests. Built with its snapshot. */
import type { RouteConfig } from '@ficus/core';
import { RemovedFields } from '../accept/removed-fields.ts';
import { compileRewrite, type Rewrite } from '../forward/route-rewrite.ts';
import type { MatchedRoute } from '../match/route-table.ts';
import type { LiveSlice } from './live-slice.ts';

export interface LiveRoute {
  readonly matched: MatchedRoute;
  readonly config: RouteConfig;
  readonly slice: LiveSlice;
  readonly rewrite: Rewrite | undefined;
  /** Additional fields withheld from the candidate, when the route's rewrite removes some. */
  readonly removeForCandidate: Removed | undefined;
}

/** Client fields that no upstream gets, by whether the peer is a trusted proxy. */
export interface Removed {
  readonly trusted: RemovedFields;
  readonly untrusted: RemovedFields;
}

/** @param removed names of the fields that no route lets through */
export function makeLiveRoute(
  matched: MatchedRoute,
  slice: LiveSlice,
  removed: readonly string[],
): LiveRoute {
  const { rewrite: config } = matched.route;
  const rewrite = config && compileRewrite(config, slice.candidate.upstream);
  return {
    matched,
    config: matched.route,
    slice,
    rewrite,
    removeForCandidate: rewrite?.removeRequestHeaders.length
      ? removedFields([...removed, ...rewrite.removeRequestHeaders])
      : undefined,
  };
}

export function removedFields(names: readonly string[]): Removed {
  return { trusted: new RemovedFields(names, true), untrusted: new RemovedFields(names, false) };
}
