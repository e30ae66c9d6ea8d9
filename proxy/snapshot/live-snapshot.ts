/**
 * A config snapshot made ready for requests: route table, identifier, upstreams, header lists. Immutable; a request
 * keeps the one it began with. Built off the hot path, so that a request only looks things up.
 */
import {
  type ConfigSnapshot,
  type FicusConfig,
  flagName,
  type RouteConfig,
  type SliceConfig,
} from '@ficus/core';
import { RemovedFields } from '../accept/removed-fields.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { lastUserOf } from '../flags/flag-evaluator.ts';
import { IdentityAssertion } from '../identify/assertion.ts';
import { createForceOverride, type ForceOverride } from '../identify/force-override.ts';
import { createIdentifier, type Identifier } from '../identify/identify.ts';
import { Introspection } from '../identify/introspection.ts';
import type { KeptIdentity } from '../identify/kept-identity.ts';
import { ForeignWrites } from '../match/foreign-writes.ts';
import { buildRouteTable, type MatchedRoute, type RouteTable } from '../match/route-table.ts';
import { Mirror, type MirrorHooks } from '../mirror/mirror.ts';
import { TrafficCounters } from '../observe/traffic-counters.ts';
import { compileRewrite, type Rewrite } from '../respond/rewrite.ts';
import { sendCopy } from '../upstream/send-copy.ts';
import { joinFields } from '../wire/head-lines.ts';
import { NetworkList } from '../wire/network-list.ts';
import type { LiveUpstream, UpstreamRegistry } from './live-upstream.ts';

/** A slice as a request sees it. */
export interface LiveSlice {
  readonly name: string;
  readonly config: SliceConfig;
  readonly hasTables: boolean;
  readonly serveFlag: string;
  readonly shadowFlag: string;
  readonly candidate: LiveUpstream;
  /** For copies to the candidate: own connections, so that a hung one takes nothing from live requests. */
  readonly candidateCopies: LiveUpstream;
  /** User id for callers without any identity. */
  readonly lastUser: string;
}

/** Client fields that never go on, by whether the peer is a trusted proxy. */
export interface Removed {
  readonly trusted: RemovedFields;
  readonly untrusted: RemovedFields;
}

/** A route as a request sees it. */
export interface LiveRoute {
  readonly matched: MatchedRoute;
  readonly config: RouteConfig;
  readonly slice: LiveSlice;
  readonly rewrite: Rewrite | undefined;
  /** Fields that do not go to the candidate beside the usual ones, when the route's rewrite removes some. */
  readonly removeForCandidate: Removed | undefined;
}

export interface LiveSnapshot extends ConfigSnapshot {
  readonly table: RouteTable;
  /** By the index of the matched route. */
  readonly routes: readonly LiveRoute[];
  readonly slices: ReadonlyMap<string, LiveSlice>;
  /** Undefined when no slice is written from outside. */
  readonly foreignWrites: ForeignWrites | undefined;
  readonly legacy: LiveUpstream;
  readonly legacyCopies: LiveUpstream;
  readonly identifier: Identifier;
  readonly assertion: IdentityAssertion | undefined;
  readonly force: ForceOverride | undefined;
  readonly trusted: NetworkList;
  readonly mirror: Mirror;
  readonly counters: TrafficCounters;
  readonly removed: Removed;
  readonly upstreams: ReadonlySet<LiveUpstream>;
  /** Under way that began with it: the one thing in it that changes. */
  requests: number;
}

export interface SnapshotParts {
  readonly registry: UpstreamRegistry;
  readonly identity: KeptIdentity;
  /** Adds to a plain counter, whichever snapshot serves by then. */
  readonly count: (series: string) => void;
  readonly clock: () => number;
  readonly mirrorHooks: (counters: TrafficCounters) => MirrorHooks;
}

const INTROSPECTION_MS = 2_000;
const INTROSPECTION_BYTES = 16_384;

/** @throws FicusError when a PEM file of an upstream cannot be read */
export function buildSnapshot(config: FicusConfig, generation: number, parts: SnapshotParts): LiveSnapshot {
  const now = turnNow();
  const { registry } = parts;
  const table = buildRouteTable(config);
  const counters = new TrafficCounters(table.routes, Object.keys(config.slices));
  const legacy = registry.get('legacy', 'legacy', config.legacy, now);
  const legacyCopies = registry.get('legacy-copies', 'legacy', config.legacy, now);
  const slices = new Map(
    Object.entries(config.slices).map(([name, slice]) => [name, makeSlice(name, slice, registry, now)]),
  );
  const assert = config.proxy.identify.assert;
  const removed = ['forwarded', ...(assert ? [assert.header] : [])];
  const live = [...slices.values()];
  return {
    config,
    generation,
    table,
    routes: table.routes.map((matched) => makeRoute(matched, slices.get(matched.slice)!, removed)),
    slices,
    foreignWrites: live.some((slice) => slice.config.writtenBy.length > 0)
      ? new ForeignWrites(config)
      : undefined,
    legacy,
    legacyCopies,
    identifier: makeIdentifier(config, legacyCopies, parts),
    assertion: assert ? new IdentityAssertion(assert) : undefined,
    force: createForceOverride(config.proxy.force),
    trusted: new NetworkList(config.proxy.trustedProxies),
    mirror: new Mirror(config.proxy.shadow, parts.mirrorHooks(counters), parts.clock),
    counters,
    requests: 0,
    removed: removedFields(removed),
    upstreams: new Set([
      legacy,
      legacyCopies,
      ...live.flatMap((slice) => [slice.candidate, slice.candidateCopies]),
    ]),
  };
}

function makeSlice(name: string, config: SliceConfig, registry: UpstreamRegistry, now: number): LiveSlice {
  return {
    name,
    config,
    hasTables: config.tables.length > 0,
    serveFlag: flagName(name, 'serve'),
    shadowFlag: flagName(name, 'shadow'),
    candidate: registry.get(name, 'candidate', config.candidate, now),
    candidateCopies: registry.get(`${name}-copies`, 'candidate', config.candidate, now),
    lastUser: lastUserOf(name),
  };
}

function removedFields(names: readonly string[]): Removed {
  return { trusted: new RemovedFields(names, true), untrusted: new RemovedFields(names, false) };
}

function makeRoute(matched: MatchedRoute, slice: LiveSlice, removed: readonly string[]): LiveRoute {
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

function makeIdentifier(
  config: FicusConfig,
  legacy: LiveUpstream,
  { identity, count, clock }: SnapshotParts,
): Identifier {
  const introspection = identity.introspection(legacy, () => makeIntrospection(legacy, count));
  const bearer = identity.bearer(config.proxy.identify.jwt ?? {});
  return createIdentifier(config.proxy.identify, { bearer, introspection, clock });
}

function makeIntrospection({ upstream }: LiveUpstream, count: SnapshotParts['count']): Introspection {
  const limits = { timeoutMs: INTROSPECTION_MS, bodyBytes: INTROSPECTION_BYTES };
  return new Introspection(
    (path, carrier) =>
      new Promise((resolve) => {
        const fields = joinFields(['host', upstream.authority, 'accept', 'application/json', ...carrier]);
        const head = `GET ${upstream.basePath}${path} HTTP/1.1\r\n${fields}\r\n`;
        sendCopy(upstream, { method: 'GET', head }, limits, (result) =>
          resolve(result.kind === 'answered' ? result : undefined),
        );
      }),
    (outcome) => count(`ficus_introspections_total{outcome="${outcome}"}`),
  );
}
