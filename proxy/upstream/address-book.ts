/**
 * The addresses of a host name: resolved again every few seconds, starting at a different one each time. A name that
 * cannot be resolved keeps its last addresses: a DNS failure must not take a working site down.
 */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { bareHost, joinHostPort, splitHostPort, type UpstreamConfig } from '@ficus/core';

const REFRESH_MS = 5_000;

export interface Address {
  /** Of IP, or the path of a Unix socket. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly family: number;
  /** When it differs from the upstream's own. */
  readonly port?: number | undefined;
}

/** One address among several, in logs and as a key. */
export function addressKey({ address, port }: Address): string {
  if (port === undefined) return address;
  return joinHostPort(address, port);
}

/** Reads `10.0.0.7`, `10.0.0.7:8080`, `::1` or `[::1]:8080`. */
export function parseAddress(text: string): Address {
  if (isIP(text) !== 0) return { address: text, family: isIP(text) };
  const { host, port } = splitHostPort(text);
  return { address: host, family: isIP(host), port };
}

export function unixSocket(path: string): Address {
  return { address: path, family: 0 };
}

export type Resolve = (
  host: string,
  done: (error: Error | null, addresses: readonly Address[]) => void,
) => void;

/** How names are looked up. */
export interface NameOptions {
  /** Resolves names in place of the system. */
  readonly resolve?: Resolve | undefined;
  /** Age at which a name is resolved again; 5 seconds by default. */
  readonly refreshMs?: number | undefined;
}

const resolveBySystem: Resolve = (host, done) =>
  lookup(host, { all: true, order: 'verbatim' }, (error, addresses) => done(error, addresses ?? []));

export class AddressBook {
  readonly #host: string;
  readonly #resolve: Resolve;
  readonly #refreshMs: number;
  #addresses: readonly Address[] = [];
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #turn = 0;
  #waiting: ((error: Error | null, addresses: readonly Address[]) => void)[] = [];
  #asking = false;

  /**
   * @param host a name, an IPv4 or an IPv6 address (without brackets)
   * @param fixed addresses that replace the lookup
   */
  constructor(
    host: string,
    resolve: Resolve = resolveBySystem,
    refreshMs = REFRESH_MS,
    fixed: readonly Address[] = isIP(host) === 0 ? [] : [parseAddress(host)],
  ) {
    this.#host = host;
    this.#resolve = resolve;
    this.#refreshMs = refreshMs;
    if (fixed.length === 0) return;
    this.#addresses = fixed;
    this.#resolvedAt = Number.POSITIVE_INFINITY;
  }

  /** True when nothing is looked up and there is only one address. */
  get isOneAddress(): boolean {
    return this.#addresses.length === 1 && this.#resolvedAt === Number.POSITIVE_INFINITY;
  }

  /** Passes on the addresses in the order to try them; at once when they are known. */
  addresses(now: number, done: (error: Error | null, addresses: readonly Address[]) => void): void {
    if (this.#addresses.length > 0) {
      if (now - this.#resolvedAt > this.#refreshMs) this.#ask(now);
      done(null, this.#rotated());
      return;
    }
    this.#waiting.push(done);
    this.#ask(now);
  }

  /** Resolves again when the answer is too old: idle connections must notice a changed name too. */
  refresh(now: number): void {
    if (this.#addresses.length > 0 && now - this.#resolvedAt > this.#refreshMs) this.#ask(now);
  }

  /**
   * Whether the name still has this address; true before the first lookup. @param address in the form of `addressKey`
   */
  knows(address: string): boolean {
    return this.#addresses.length === 0 || this.#addresses.some((known) => addressKey(known) === address);
  }

  #ask(now: number): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#resolve(this.#host, (error, addresses) => {
      this.#asking = false;
      if (!error && addresses.length > 0) {
        this.#addresses = addresses;
        this.#resolvedAt = now;
      }
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const done of waiting) {
        if (this.#addresses.length > 0) done(null, this.#rotated());
        else done(error ?? new Error(`no address for ${this.#host}`), []);
      }
    });
  }

  #rotated(): readonly Address[] {
    const addresses = this.#addresses;
    if (addresses.length === 1) return addresses;
    this.#turn = (this.#turn + 1) % addresses.length;
    return [...addresses.slice(this.#turn), ...addresses.slice(0, this.#turn)];
  }
}

/** The addresses that an upstream's config names, or that its host has. */
export function openBook(
  { url, addresses, socket }: Pick<UpstreamConfig, 'url' | 'addresses' | 'socket'>,
  { resolve, refreshMs }: NameOptions,
): AddressBook {
  const fixed = socket === undefined ? addresses?.map(parseAddress) : [unixSocket(socket)];
  return new AddressBook(bareHost(new URL(url).hostname), resolve, refreshMs, fixed);
}
