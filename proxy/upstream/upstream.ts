/**
 * An HTTP upstream: where its connections go, and the pool of them. Made from one `UpstreamConfig`, held by a
 * config snapshot, closed when the last request of that snapshot is done.
 */
import type { UpstreamConfig } from '@ficus/core';
import type { ConnectionPool } from './connection-pool.ts';

/** Counts for metrics and for load shedding. */
export interface UpstreamStats {
  /** Connections with an exchange on them. */
  readonly active: number;
  /** Connections that wait for the next exchange. */
  readonly idle: number;
  readonly connecting: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
  /** Connections that carry an upgraded protocol; they take no place in the pool. */
  readonly tunnels: number;
  /** Exchanges under way, from `forward` to the outcome. */
  readonly exchanges: number;
  /** Connections ever opened. */
  readonly opened: number;
  /** Addresses of several that are left alone for a while. */
  readonly addressesOut: number;
}

export interface Upstream {
  /** For logs and metrics: `legacy`, or the slice's name. */
  readonly name: string;
  readonly config: UpstreamConfig;
  /** Path of the base URL without its final slash; put before each target. Mostly empty. */
  readonly basePath: string;
  /** `host:port` of the base URL, as a Host field has it. */
  readonly authority: string;
  /** A snapshot; cheap, but not for each request. */
  readonly stats: UpstreamStats;
  /** For the forwarder alone. */
  readonly pool: ConnectionPool;
  /** For the forwarder alone: an exchange begins, an exchange has ended. */
  exchangeBegins(): void;
  exchangeEnded(): void;
  /**
   * No new exchanges (they fail with `overloaded`), idle connections are closed, exchanges under way go on.
   * Resolves when the last has ended.
   */
  drain(): Promise<void>;
  /** Cuts every connection at once; exchanges under way fail. */
  close(): void;
}
