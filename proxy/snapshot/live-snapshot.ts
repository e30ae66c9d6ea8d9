/**
 * A config snapshot prepared for requests, so that a request only looks things up. Immutable; a request keeps the one
 * that it began with. Built by build-snapshot.ts, held by the worker's snapshot keeper.
 */
import type { ConfigSnapshot } from '@ficus/core';
import type { RemovedByPeer } from '../accept/removed-by-peer.ts';
import type { Asker } from '../ask/asker.ts';
import type { IdentityAssertion } from '../identify/assertion.ts';
import type { ForceOverride } from '../identify/force-override.ts';
import type { SessionNames } from '../identify/session-names.ts';
import type { ForeignWrites } from '../match/foreign-writes.ts';
import type { RouteTable } from '../match/route-table.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { TrafficCounters } from '../observe/traffic-counters.ts';
import type { ErrorPage } from '../respond/error-page.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { NetworkList } from '../wire/network-list.ts';
import type { LiveRoute } from './live-route.ts';
import type { LiveSlice } from './live-slice.ts';
import type { LiveUpstream } from './live-upstream.ts';
import type { LiveIdentifier } from './make-identifier.ts';

export interface LiveSnapshot extends ConfigSnapshot {
  readonly table: RouteTable;
  /** By the index of the matched route. */
  readonly routes: readonly LiveRoute[];
  readonly slices: ReadonlyMap<string, LiveSlice>;
  /** Undefined when no slice is written from outside. */
  readonly foreignWrites: ForeignWrites | undefined;
  readonly legacy: LiveUpstream;
  readonly legacyCopies: Upstream;
  readonly identifier: LiveIdentifier;
  /** Undefined where no session is introspected. */
  readonly sessions: SessionNames | undefined;
  readonly assertion: IdentityAssertion | undefined;
  readonly force: ForceOverride | undefined;
  readonly trusted: NetworkList;
  /** Asks over the copies' connections. */
  readonly asker: Asker;
  readonly mirror: Mirror;
  readonly counters: TrafficCounters;
  readonly errorPage: ErrorPage;
  /** Client fields that no upstream gets. */
  readonly removed: RemovedByPeer;
  /** Those that serve, legacy and candidates; each keeps the one for its copies. */
  readonly upstreams: ReadonlySet<LiveUpstream>;
}
