/** A route of the config, prepared for requests. Built with its snapshot. */
import type { FicusConfig, RouteConfig, Side, UpstreamConfig } from '@ficus/core';
import type { RemovedByPeer } from '../accept/removed-by-peer.ts';
import { compileRewrite, type Rewrite } from '../forward/route-rewrite.ts';
import type { MatchedRoute } from '../match/route-table.ts';
import type { ResponseHead } from '../respond/response-amendments.ts';
import type { ClientOrigin } from '../respond/rewrite-response.ts';
import type { LiveSlice } from './live-slice.ts';

export interface LiveRoute {
  readonly matched: MatchedRoute;
  readonly config: RouteConfig;
  readonly slice: LiveSlice;
  readonly rewrite: Rewrite | undefined;
  /** By side; undefined where the upstream's own apply. */
  readonly timeouts: Readonly<Record<Side, UpstreamConfig['timeouts']>> | undefined;
  /** Changes the head of the candidate's answer in place: by `rewrite`, or where there is none by its defaults. */
  rewriteResponse(head: ResponseHead, origin: ClientOrigin): void;
  /** What the candidate does not get: fields that the route's rewrite removes, credentials. */
  readonly removeForCandidate: RemovedByPeer;
}

/** @param removed fields that no route lets through */
export function makeLiveRoute(
  matched: MatchedRoute,
  slice: LiveSlice,
  legacy: FicusConfig['legacy'],
  removed: RemovedByPeer,
): LiveRoute {
  const { fields, cookies } = slice.withheld;
  const { rewrite: config, timeouts } = matched.route;
  const { upstream, rewritePlaces } = slice.candidate;
  const rewrite = config && compileRewrite(config, upstream, legacy.paths.ignoreCase);
  return {
    matched,
    config: matched.route,
    slice,
    rewrite,
    timeouts: timeouts && {
      legacy: withOwn(legacy.timeouts, timeouts),
      candidate: withOwn(upstream.config.timeouts, timeouts),
    },
    rewriteResponse: rewrite?.response ?? rewritePlaces,
    removeForCandidate: removed.with([...fields, ...(rewrite?.removeRequestHeaders ?? [])], cookies),
  };
}

type Timeouts = UpstreamConfig['timeouts'];

function withOwn(
  timeouts: Timeouts,
  { firstByteMs, idleMs, totalMs }: NonNullable<RouteConfig['timeouts']>,
): Timeouts {
  return {
    ...timeouts,
    firstByteMs: firstByteMs ?? timeouts.firstByteMs,
    idleMs: idleMs ?? timeouts.idleMs,
    totalMs: totalMs ?? timeouts.totalMs,
  };
}
