/**
 * The upstreams of a worker, by name and config: kept across config changes as long as both stay the same, closed when
 * no snapshot uses them. Held by the snapshot keeper.
 */
import type { Side, UpstreamConfig } from '@ficus/core';
import { addTo } from '../observe/add-to.ts';
import { LiveUpstream, type LiveUpstreamHooks } from './live-upstream.ts';

export class UpstreamRegistry {
  readonly #hooks: LiveUpstreamHooks;
  #held = new Map<string, LiveUpstream>();

  constructor(hooks: LiveUpstreamHooks) {
    this.#hooks = hooks;
  }

  /** The upstream of this name and config; the same object while both stay the same. */
  get(name: string, side: Side, config: UpstreamConfig, now: number): LiveUpstream {
    const key = `${name} ${JSON.stringify(config)}`;
    let live = this.#held.get(key);
    if (!live) {
      live = new LiveUpstream(name, side, config, this.#hooks, now);
      this.#held.set(key, live);
    }
    return live;
  }

  /** Closes upstreams that no snapshot uses; their requests finish. */
  keepOnly(used: ReadonlySet<LiveUpstream>): void {
    for (const [key, live] of this.#held) {
      if (used.has(live)) continue;
      this.#held.delete(key);
      void live.upstream.drain();
    }
  }

  /** Of all upstreams; adds up those of one name that a reload has replaced. */
  gauges(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const live of this.#held.values()) addTo(all, live.gauges());
    return all;
  }

  closeAll(): void {
    for (const live of this.#held.values()) live.upstream.close();
    this.#held = new Map();
  }
}
