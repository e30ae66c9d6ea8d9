/**
 * Builds the live snapshot of a config, off the hot path: slices, routes, identifier, upstreams (unchanged ones are
 * kept), header lists. Called by the worker's snapshot keeper.
 */
import type { FicusConfig } from '@ficus/core';
import { guardedHeaders, RemovedByPeer, readHeaders } from '../accept/removed-by-peer.ts';
import { Asker } from '../ask/asker.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { IdentityAssertion } from '../identify/assertion.ts';
import { createForceOverride } from '../identify/force-override.ts';
import { SessionNames } from '../identify/session-names.ts';
import { ForeignWrites } from '../match/foreign-writes.ts';
import { buildRouteTable } from '../match/route-table.ts';
import { Mirror, type MirrorHooks } from '../mirror/mirror.ts';
import { TrafficCounters } from '../observe/traffic-counters.ts';
import { ErrorPage } from '../respond/error-page.ts';
import { NetworkList } from '../wire/network-list.ts';
import { makeLiveRoute } from './live-route.ts';
import { makeLiveSlice } from './live-slice.ts';
import type { LiveSnapshot } from './live-snapshot.ts';
import { type IdentifierParts, makeIdentifier } from './make-identifier.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

export interface SnapshotParts extends IdentifierParts {
  readonly registry: UpstreamRegistry;
  readonly mirrorHooks: (counters: TrafficCounters) => MirrorHooks;
}

/** @throws FicusError when a PEM file of an upstream, or the error page, cannot be read */
export function buildSnapshot(config: FicusConfig, generation: number, parts: SnapshotParts): LiveSnapshot {
  const now = turnNow();
  const { registry } = parts;
  const table = buildRouteTable(config);
  const counters = new TrafficCounters(table.routes, Object.keys(config.slices));
  const { serving: legacy, copies: legacyCopies } = registry.legacy(config.legacy, now);
  const { identify } = config.proxy;
  const slices = new Map(
    Object.entries(config.slices).map(([name, slice]) => [
      name,
      makeLiveSlice(name, slice, config.proxy, registry, now),
    ]),
  );
  const { assert } = identify;
  const removed = new RemovedByPeer({
    names: ['forwarded', ...(assert ? [assert.header] : [])],
    guarded: guardedHeaders(identify),
    read: readHeaders(identify),
    routing: config.proxy.passFields,
  });
  const live = [...slices.values()];
  const copies = {
    legacy: legacyCopies,
    candidateOf: (name: string) => slices.get(name)!.candidateCopies,
  };
  const asker = new Asker(config, copies, parts.clock);
  return {
    config,
    generation,
    table,
    routes: table.routes.map((matched) =>
      makeLiveRoute(matched, slices.get(matched.slice)!, config.legacy, removed),
    ),
    slices,
    foreignWrites: live.some((slice) => slice.config.writtenBy.length > 0)
      ? new ForeignWrites(config)
      : undefined,
    legacy,
    legacyCopies,
    identifier: makeIdentifier(config, legacyCopies, parts),
    sessions: SessionNames.of(identify),
    assertion: assert ? new IdentityAssertion(assert) : undefined,
    force: createForceOverride(config.proxy.force),
    trusted: new NetworkList(config.proxy.trustedProxies),
    asker,
    mirror: new Mirror(config.proxy.shadow, asker, parts.mirrorHooks(counters), parts.clock),
    counters,
    errorPage: new ErrorPage(config.proxy.errorPage),
    removed,
    upstreams: new Set([legacy, ...live.map(({ candidate }) => candidate)]),
  };
}
