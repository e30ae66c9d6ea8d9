/** Makes an upstream from its config. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ConnectionOptions } from 'node:tls';
import { FicusError, type UpstreamConfig } from '@ficus/core';
import { type AddressChange, AddressHealth } from '../resilience/address-health.ts';
import { AddressBook, parseAddress, type Resolve } from './address-book.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Upstream, UpstreamStats } from './upstream.ts';

export interface UpstreamHooks {
  /** A connection could not be made: one clause for the log. */
  onConnectionLost?(upstream: Upstream, detail: string): void;
  /** One of several addresses is left alone from now on, or taken back. */
  onAddressChange?(upstream: Upstream, change: AddressChange): void;
  /** Resolves names otherwise than by the system. */
  resolve?: Resolve;
  /** Age at which a resolved name is asked for again; 5 seconds by default. */
  refreshMs?: number;
}

/**
 * Opens nothing yet: connections are made when requests need them.
 * @throws FicusError FICUS_CONFIG_UNREADABLE when a PEM file of `tls` cannot be read
 */
export function createUpstream(name: string, config: UpstreamConfig, hooks: UpstreamHooks = {}): Upstream {
  return new PooledUpstream(name, config, hooks);
}

class PooledUpstream implements Upstream {
  readonly name: string;
  readonly config: UpstreamConfig;
  readonly basePath: string;
  readonly authority: string;
  readonly pool: ConnectionPool;
  readonly #health: AddressHealth | undefined;
  #exchanges = 0;
  #draining: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(name: string, config: UpstreamConfig, hooks: UpstreamHooks) {
    const url = new URL(config.url);
    const secure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    this.name = name;
    this.config = config;
    this.basePath = url.pathname.replace(/\/$/, '');
    this.authority = url.host;
    const book = new AddressBook(host, hooks.resolve, hooks.refreshMs, config.addresses?.map(parseAddress));
    const watched = config.outlier.maxShare > 0 && !book.isOneAddress;
    const onChange = (change: AddressChange): void => {
      if (change.kind === 'ejected') this.pool.leave(change.address);
      hooks.onAddressChange?.(this, change);
    };
    this.#health = watched ? watchAddresses(config, onChange) : undefined;
    const destination = {
      port: Number(url.port || (secure ? 443 : 80)),
      book,
      tls: secure ? tlsOptions(config, host) : undefined,
      health: this.#health,
    };
    this.pool = new ConnectionPool(destination, config, (detail) => hooks.onConnectionLost?.(this, detail));
  }

  get stats(): UpstreamStats {
    const addressesOut = this.#health?.out ?? 0;
    return { ...this.pool.counts, exchanges: this.#exchanges, opened: this.pool.opened, addressesOut };
  }

  exchangeBegins(): void {
    this.#exchanges += 1;
  }

  exchangeEnded(): void {
    this.#exchanges -= 1;
    if (this.#exchanges === 0) this.#draining?.resolve();
  }

  drain(): Promise<void> {
    if (this.#draining === undefined) {
      this.#draining = Promise.withResolvers<void>();
      this.pool.drain();
      if (this.#exchanges === 0) this.#draining.resolve();
    }
    return this.#draining.promise;
  }

  close(): void {
    this.pool.close();
  }
}

function watchAddresses(config: UpstreamConfig, onChange: (change: AddressChange) => void): AddressHealth {
  const { connectMs, firstByteMs, idleMs } = config.timeouts;
  const probeMs = connectMs + firstByteMs + idleMs;
  return new AddressHealth({ ...config.outlier, probeMs }, onChange, () => performance.now());
}

function tlsOptions(config: UpstreamConfig, host: string): ConnectionOptions {
  const { tls } = config;
  const name = tls?.serverName ?? host;
  return {
    ALPNProtocols: ['http/1.1'],
    // An address is not a name: SNI must not carry it, the certificate is checked against it all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(tls?.ca === undefined ? {} : { ca: readPem('tls.ca', tls.ca) }),
    ...(tls?.cert === undefined ? {} : { cert: readPem('tls.cert', tls.cert) }),
    ...(tls?.key === undefined ? {} : { key: readPem('tls.key', tls.key) }),
    rejectUnauthorized: tls?.verify ?? true,
  };
}

function readPem(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FicusError('FICUS_CONFIG_UNREADABLE', `The PEM file of ${key} cannot be read: ${path}`, {
      cause,
    });
  }
}
