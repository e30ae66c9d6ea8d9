/**
 * The upstreams of a worker: for each side one that serves, with its protection, and one for copies, with connections of
 * its own. Kept across config changes as long as their config stays the same, closed when no snapshot uses them. Held
 * by the snapshot keeper.
 */
import type { Side, UpstreamConfig } from '@ficus/core';
import type { AddressChange } from '../resilience/address-health.ts';
import type { BreakerState } from '../resilience/breaker.ts';
import { Upstream } from '../upstream/upstream.ts';
import { candidateName, copiesName, LEGACY } from '../upstream/upstream-name.ts';
import { LiveUpstream } from './live-upstream.ts';
import { addConnections, addServing } from './upstream-gauges.ts';

/** Connections for copies to one side, per worker. */
const MOST_COPIES = 256;

export interface LiveUpstreamHooks {
  breakerChanged(name: string, state: BreakerState['kind']): void;
  connectionLost(name: string, detail: string): void;
  addressChanged(name: string, change: AddressChange): void;
}

/** The legacy, or the candidate of one slice. */
interface SideUpstreams {
  readonly serving: LiveUpstream;
  /** Without breaker, retries and limit: the mirror bounds copies, and a failed one harms no client. */
  readonly copies: Upstream;
}

export class UpstreamRegistry {
  readonly #hooks: LiveUpstreamHooks;
  #held = new Map<string, SideUpstreams>();

  constructor(hooks: LiveUpstreamHooks) {
    this.#hooks = hooks;
  }

  legacy(config: UpstreamConfig, now: number): SideUpstreams {
    return this.#get(LEGACY, 'legacy', 'legacy', config, now);
  }

  candidate(slice: string, config: UpstreamConfig, now: number): SideUpstreams {
    return this.#get(candidateName(slice), 'candidate', slice, config, now);
  }

  /**
   * The same objects while the config stays the same.
   * @param name unique in metrics and logs
   */
  #get(name: string, side: Side, shownName: string, config: UpstreamConfig, now: number): SideUpstreams {
    const key = `${name} ${JSON.stringify(config)}`;
    let held = this.#held.get(key);
    if (!held) {
      const onBreakerChange = (state: BreakerState['kind']): void => this.#hooks.breakerChanged(name, state);
      held = {
        serving: new LiveUpstream(this.#open(name, config), side, shownName, onBreakerChange, now),
        copies: this.#open(copiesName(name), {
          ...config,
          pool: { ...config.pool, connections: placesForCopies(config) },
        }),
      };
      this.#held.set(key, held);
    }
    return held;
  }

  #open(name: string, config: UpstreamConfig): Upstream {
    return new Upstream(name, config, {
      onConnectionLost: (_, detail) => this.#hooks.connectionLost(name, detail),
      onAddressChange: (_, change) => this.#hooks.addressChanged(name, change),
    });
  }

  /** Closes upstreams that no snapshot uses; their requests finish. @param used those that serve */
  keepOnly(used: ReadonlySet<LiveUpstream>): void {
    for (const [key, { serving, copies }] of this.#held) {
      if (used.has(serving)) continue;
      this.#held.delete(key);
      void serving.upstream.drain();
      void copies.drain();
    }
  }

  /** Of all upstreams, what is not zero. */
  gauges(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const { serving, copies } of this.#held.values()) {
      addServing(all, serving);
      addConnections(all, copies);
    }
    return all;
  }

  closeAll(): void {
    for (const { serving, copies } of this.#held.values()) {
      serving.upstream.close();
      copies.close();
    }
    this.#held = new Map();
  }
}

/** Copies and questions of the proxy's own never end up as more than this, whatever the side takes from clients. */
function placesForCopies({ pool }: UpstreamConfig): number {
  return Math.min(pool.connections ?? MOST_COPIES, MOST_COPIES);
}
