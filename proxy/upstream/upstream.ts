/**
 * An HTTP upstream: where its connections go, and their pool. Created from one `UpstreamConfig`, held by a config
 * snapshot, closed when the last request of that snapshot is done. Opens nothing before a request needs it.
 */
import { performance } from 'node:perf_hooks';
import { bareHost, type UpstreamConfig } from '@ficus/core';
import { type AddressChange, AddressHealth } from '../resilience/address-health.ts';
import { type NameOptions, openBook } from './address-book.ts';
import { ConnectionPool } from './connection-pool.ts';
import { readTlsOptions } from './tls-options.ts';

export interface UpstreamHooks extends NameOptions {
  /** A connection could not be made: one clause for the log. */
  onConnectionLost?(upstream: Upstream, detail: string): void;
  /** One of several addresses was ejected, or returned. */
  onAddressChange?(upstream: Upstream, change: AddressChange): void;
}

/** Counts for metrics and for load shedding. */
interface UpstreamStats {
  /** Connections with an exchange on them. */
  readonly active: number;
  /** Connections that wait for the next exchange. */
  readonly idle: number;
  readonly connecting: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
  /** Connections that carry an upgraded protocol, or an event stream; they take no place in the pool. */
  readonly tunnels: number;
  readonly streams: number;
  /** Exchanges in progress, from `forward` to the outcome. */
  readonly exchanges: number;
  /** Connections ever opened. */
  readonly opened: number;
  /** How many of several addresses are ejected. */
  readonly addressesOut: number;
}

export class Upstream {
  /** For logs and metrics: `legacy`, or the slice's name. */
  readonly name: string;
  readonly config: UpstreamConfig;
  /** Path of the base URL without its final slash; prepended to each target. Mostly empty. */
  readonly basePath: string;
  /** `host:port` of the base URL, as a Host field has it. */
  readonly authority: string;
  /** Replaces the client's Host in requests. */
  readonly host: string | undefined;
  /** For the exchanges: forwarded ones and copies. */
  readonly pool: ConnectionPool;
  readonly #health: AddressHealth | undefined;
  #exchanges = 0;
  #draining: PromiseWithResolvers<void> | undefined;

  /** @throws FicusError FICUS_PEM_UNREADABLE when a PEM file of `tls` cannot be read */
  constructor(name: string, config: UpstreamConfig, hooks: UpstreamHooks = {}) {
    const url = new URL(config.url);
    const secure = url.protocol === 'https:';
    const host = bareHost(url.hostname);
    this.name = name;
    this.config = config;
    this.basePath = url.pathname.replace(/\/$/, '');
    this.authority = url.host;
    this.host = config.host;
    const book = openBook(config, hooks);
    const mayAvoid = config.outlier.maxShare > 0 || config.health !== undefined;
    const watched = mayAvoid && !book.isOneAddress;
    const onChange = (change: AddressChange): void => {
      if (change.kind === 'ejected') this.pool.leave(change.address);
      hooks.onAddressChange?.(this, change);
    };
    this.#health = watched ? watchAddresses(config, onChange) : undefined;
    const destination = {
      port: Number(url.port || (secure ? 443 : 80)),
      book,
      tls: secure ? readTlsOptions(config.tls, host) : undefined,
      health: this.#health,
    };
    this.pool = new ConnectionPool(destination, config, (detail) => hooks.onConnectionLost?.(this, detail));
  }

  /** A snapshot; cheap, but not for each request. */
  get stats(): UpstreamStats {
    const addressesOut = this.#health?.out ?? 0;
    return { ...this.pool.counts, exchanges: this.#exchanges, opened: this.pool.opened, addressesOut };
  }

  /** Addresses that are used only where no other can be: those that fail their health checks. */
  avoid(addresses: readonly string[]): void {
    for (const address of this.#health?.avoid(addresses) ?? []) this.pool.leave(address);
  }

  /** Called by an exchange before it asks the pool. */
  exchangeBegins(): void {
    this.#exchanges += 1;
  }

  exchangeEnded(): void {
    this.#exchanges -= 1;
    if (this.#exchanges === 0) this.#draining?.resolve();
  }

  /**
   * Accepts no new exchanges (they fail with `overloaded`), closes idle connections, lets exchanges in progress
   * continue. Resolves when the last has ended.
   */
  drain(): Promise<void> {
    if (this.#draining === undefined) {
      this.#draining = Promise.withResolvers<void>();
      this.pool.drain();
      if (this.#exchanges === 0) this.#draining.resolve();
    }
    return this.#draining.promise;
  }

  /** Cuts every connection at once; exchanges in progress fail. */
  close(): void {
    this.pool.close();
  }
}

function watchAddresses(config: UpstreamConfig, onChange: (change: AddressChange) => void): AddressHealth {
  const { connectMs, firstByteMs, idleMs } = config.timeouts;
  const probeMs = connectMs + firstByteMs + idleMs;
  return new AddressHealth({ ...config.outlier, probeMs }, onChange, () => performance.now());
}
