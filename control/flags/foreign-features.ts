/**
 * Flags that are kept outside the control database, polled. The proxies evaluate them with their own client; here they
 * are read for the dashboard and the guards. When a reading fails, the last one stays.
 */
import { type ClientFeature, type ClientFeatures, type FlagKind, flagName, NewestWins } from '@ficus/core';
import type { Logger } from 'pino';
import { type FlagFact, factOf, UNKNOWN_FLAG } from './flag-store.ts';

type Listener = (slice: string, kind: FlagKind) => void;

export class ForeignFeatures {
  readonly #load: () => Promise<ClientFeatures>;
  readonly #listeners = new Set<Listener>();
  readonly #readings = new NewestWins();
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  #latest: ReadonlyMap<string, ClientFeature> | undefined;
  #reported = '';

  constructor(load: () => Promise<ClientFeatures>) {
    this.#load = load;
  }

  /** Reads now, and again at each interval. */
  follow(everyMs: number, logger: Logger): void {
    const poll = async () => {
      if (this.#polling) return;
      this.#polling = true;
      await this.refresh().then(
        () => this.#report('', logger),
        (error: unknown) => this.#report(error instanceof Error ? error.message : String(error), logger),
      );
      this.#polling = false;
    };
    this.#timer = setInterval(() => void poll(), everyMs);
    void poll();
  }

  /** Reads them all. Drops a reading that ends after a later one. */
  async refresh(): Promise<void> {
    const reading = this.#readings.begin();
    const { features } = await this.#load();
    if (reading.stale) return;
    reading.take();
    const before = this.#latest;
    this.#latest = new Map(features.map((feature) => [feature.name, feature]));
    if (before) this.#announceChanges(before, this.#latest);
  }

  read(slice: string, kind: FlagKind): FlagFact {
    return this.#latest ? factOf(this.#latest.get(flagName(slice, kind))) : UNKNOWN_FLAG;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #announceChanges(
    before: ReadonlyMap<string, ClientFeature>,
    now: ReadonlyMap<string, ClientFeature>,
  ): void {
    for (const name of new Set([...before.keys(), ...now.keys()])) {
      const [, slice, kind] = /^(.+)\.(serve|shadow)$/.exec(name) ?? [];
      if (slice === undefined || JSON.stringify(before.get(name)) === JSON.stringify(now.get(name))) continue;
      for (const listener of this.#listeners) listener(slice, kind as FlagKind);
    }
  }

  /** Logged once, not each second. */
  #report(reason: string, logger: Logger): void {
    if (reason !== '' && reason !== this.#reported) logger.warn({ reason }, 'flags cannot be read');
    this.#reported = reason;
  }
}
