/**
 * The health checks of one upstream: rounds in which each of its addresses is asked once, as long as it runs. A round
 * begins when the interval has passed and the round before is over. Held by health-checks.ts.
 */
import { performance } from 'node:perf_hooks';
import type { CheckedAddressStatus } from '@ficus/core';
import type { CheckedUpstream } from '../resilience/checked-upstream.ts';
import { type AddressBook, addressKey, type NameOptions, openBook } from '../upstream/address-book.ts';
import { AddressCheck } from './address-check.ts';
import { type CheckState, UNCHECKED } from './evaluate-check.ts';
import type { CheckedConfig, CheckResult } from './send-check.ts';

/** A share of the interval: many proxies that started together do not stay in step. */
const JITTER = 0.1;

export interface UpstreamCheckHooks {
  onChecked(passed: boolean): void;
  /** The state of an address has changed. */
  onChange(address: CheckedAddressStatus): void;
  /** The verdict may have. */
  onVerdict(): void;
  readonly names: NameOptions;
  /** 0 to 1. */
  readonly random: () => number;
}

export class UpstreamCheck {
  readonly name: string;
  readonly #config: CheckedConfig;
  readonly #hooks: UpstreamCheckHooks;
  readonly #book: AddressBook;
  readonly #addresses = new Map<string, AddressCheck>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param name of the upstream, in metrics and logs
   * @param before the check that this one replaces: what it knows about the same addresses still holds
   */
  constructor(name: string, config: CheckedConfig, hooks: UpstreamCheckHooks, before?: UpstreamCheck) {
    this.name = name;
    this.#config = config;
    this.#hooks = hooks;
    this.#book = openBook(config, hooks.names);
    if (before && placeOf(before.#config) === placeOf(config))
      for (const [address, { state, detail }] of before.#addresses) this.#add(address, state).detail = detail;
    void this.#rounds();
  }

  get addresses(): CheckedAddressStatus[] {
    const reports = [...this.#addresses].map(([address, { kind, detail }]) => ({
      address,
      state: kind,
      detail,
    }));
    return reports.sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  get verdict(): CheckedUpstream {
    const failing = this.addresses.filter(({ state }) => state === 'unhealthy');
    const unhealthy = failing.length > 0 && failing.length === this.#addresses.size;
    return { name: this.name, unhealthy, avoid: unhealthy ? [] : failing.map(({ address }) => address) };
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const check of this.#addresses.values()) check.stop();
  }

  async #rounds(): Promise<void> {
    const startedAt = performance.now();
    const known = await this.#lookUp();
    if (this.#stopped) return;
    if ('detail' in known) this.#note(known.name, this.#check(known.name).note(known));
    else await Promise.all(known.map((address) => this.#run(address)));
    if (this.#stopped) return;
    // Addresses may have gone.
    this.#hooks.onVerdict();
    const intervalMs = this.#config.health.intervalMs * (1 + JITTER * (2 * this.#hooks.random() - 1));
    const waitMs = Math.max(0, startedAt + intervalMs - performance.now());
    this.#timer = setTimeout(() => void this.#rounds(), waitMs);
  }

  async #run(address: string): Promise<void> {
    const before = await this.#check(address).run();
    if (!this.#stopped) this.#note(address, before);
  }

  /** @param before the address's state before this check */
  #note(address: string, before: CheckState['kind']): void {
    const check = this.#addresses.get(address);
    if (check === undefined) return;
    const { kind, detail } = check;
    this.#hooks.onChecked(detail === undefined);
    if (kind === before) return;
    this.#hooks.onChange({ address, state: kind, detail });
    this.#hooks.onVerdict();
  }

  #check(address: string): AddressCheck {
    const known = this.#addresses.get(address);
    if (known) return known;
    return this.#add(address, UNCHECKED);
  }

  #add(address: string, state: CheckState): AddressCheck {
    const check = new AddressCheck(this.name, this.#config, address, state);
    this.#addresses.set(address, check);
    return check;
  }

  /** The addresses to ask, or why there are none: a name that was never resolved is itself what fails. */
  async #lookUp(): Promise<readonly string[] | (NonNullable<CheckResult> & { readonly name: string })> {
    const { timeoutMs } = this.#config.health;
    const name = new URL(this.#config.url).hostname;
    const found = await new Promise<readonly string[] | string>((resolve) => {
      const late = setTimeout(() => resolve('the name was not resolved in time'), timeoutMs);
      this.#book.addresses(performance.now(), (error, addresses) => {
        clearTimeout(late);
        resolve(error ? error.message : addresses.map(addressKey));
      });
    });
    if (typeof found === 'string') return { name, cause: 'other', detail: found };
    this.#replace(found);
    return found;
  }

  /** Forgets addresses that the name no longer has. Where all failed, a new one must pass like any of them. */
  #replace(addresses: readonly string[]): void {
    const added = addresses.filter((address) => !this.#addresses.has(address));
    const state: CheckState = this.verdict.unhealthy ? { kind: 'unhealthy', passed: 0 } : UNCHECKED;
    for (const address of added) this.#add(address, state);
    for (const [address, check] of this.#addresses) {
      if (addresses.includes(address)) continue;
      check.stop();
      this.#addresses.delete(address);
    }
  }
}

/** Where requests of an upstream go, and whom they reach there. Other keys of it say nothing about its health. */
function placeOf({ url, addresses, socket, host, tls }: CheckedConfig): string {
  return JSON.stringify([url, addresses, socket, host, tls]);
}
