/** What a proxy says of itself at GET /status of `proxy.admin`: `ficus status` shows it where no control plane answers. */
import type { RunningConfigView } from '../config/running-config.ts';
import type { Side } from '../slice/side.ts';
import type { SliceHold } from './link-protocol.ts';

export const PROXY_STATUS_PATH = '/status';

export interface ProxyStatus {
  readonly version: string;
  /** ISO time. */
  readonly startedAt: string;
  /** `http://host:port` that clients reach. */
  readonly address: string;
  readonly config: RunningConfigView & { readonly generation: number };
  readonly workers: {
    readonly serving: number;
    readonly wanted: number;
    /** The config that all of them run. */
    readonly generation: number;
  };
  /** null where the config has none. */
  readonly control: { readonly url: string; readonly connected: boolean; readonly known: boolean } | null;
  readonly flags: {
    readonly provider: 'builtin' | 'file' | 'unleash';
    /** The file, or the URL without credentials. */
    readonly source: string;
    /** ISO time at which the set in use arrived; null while there is none. */
    readonly receivedAt: string | null;
    /** The set is that of an earlier run: its source has not answered since the start. */
    readonly lastKnown: boolean;
    /** Why the set in use may be old; null while its source answers. */
    readonly problem: string | null;
  };
  /** Those that have health checks. */
  readonly upstreams: readonly CheckedUpstreamStatus[];
  readonly slices: readonly ProxySliceStatus[];
}

/** What health checks say of an upstream: `degraded` where they pass at some of its addresses. */
export interface CheckedUpstreamStatus {
  /** `legacy`, or a slice's name (`legacy/candidate` for a slice named legacy). */
  readonly name: string;
  readonly state: 'unknown' | 'healthy' | 'degraded' | 'unhealthy';
  readonly addresses: readonly CheckedAddressStatus[];
}

export interface CheckedAddressStatus {
  readonly address: string;
  readonly state: 'unknown' | 'healthy' | 'unhealthy';
  /** Why the last check failed; absent after one that passed. */
  readonly detail?: string | undefined;
}

export interface ProxySliceStatus {
  readonly name: string;
  readonly team: string | null;
  /** As last heard of the control plane; legacy without one; null without tables, where nothing owns writes. */
  readonly owner: Side | null;
  readonly epoch: number;
  /** A cutover or rollback that this proxy takes part in; null while writes go to the owner as they come. */
  readonly attempt: ProxyAttemptStatus | null;
  /** Percentage that a flag sets; null when it is on for cohorts alone, or not known. */
  readonly serve: number | null;
  readonly shadow: number | null;
  readonly routes: readonly {
    readonly id: string;
    readonly methods: readonly string[];
    readonly path: string;
    readonly kind: 'read' | 'write';
  }[];
  readonly traffic: RecentSliceTraffic;
  /** Workers whose circuit breaker for the candidate is not closed. */
  readonly breakersOpen: number;
  /** Users whose reads are pinned to the owner. */
  readonly pins: number;
}

export interface ProxyAttemptStatus {
  readonly attempt: number;
  readonly writes: 'leased' | 'held';
  /** How long writes may still be sent unless the lease is renewed; 0 without a lease. */
  readonly leaseLeftMs: number;
  /** What is acknowledged; null while not all workers have applied the attempt. */
  readonly acknowledged: Omit<SliceHold, 'attempt'> | null;
}

export interface RecentSliceTraffic {
  readonly windowSeconds: number;
  readonly legacy: RecentSideTraffic;
  readonly candidate: RecentSideTraffic;
  /** Of the requests that the serve flag decides, in tenths of a percent; null without any. */
  readonly candidateSharePercent: number | null;
}

export interface RecentSideTraffic {
  readonly requests: number;
  /** Answers of 500 and above, and exchanges that failed. */
  readonly failures: number;
  readonly meanMs: number | null;
}
