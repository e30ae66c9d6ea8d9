/** The messages between the benchmark and its load generator, a separate process. */
import type { WriteRecord } from '../../../sample/load/write-record.ts';
import type { ReadRecord } from './read-record.ts';

/** A user of the slice, logged in. */
export interface LoadUser {
  readonly customer: number;
  readonly cookie: string;
}

/** An unread notification of one user: each is marked read once, which is a write with a key of its own. */
export interface Unread {
  readonly id: number;
  /** Index into the users. */
  readonly user: number;
}

export interface LoadSettings {
  /** Base URLs; each client stays with one of them, as a load balancer with sticky connections would have it. */
  readonly addresses: readonly string[];
  readonly users: readonly LoadUser[];
  readonly unread: readonly Unread[];
  /** Whether the routes take new notifications; then every second write is one. */
  readonly inserts: boolean;
  readonly writesPerSecond: number;
  readonly readsPerSecond: number;
}

export type ToLoad = { readonly type: 'start'; readonly settings: LoadSettings } | { readonly type: 'stop' };

export type FromLoad =
  | { readonly type: 'running' }
  | { readonly type: 'writes'; readonly records: readonly WriteRecord[] }
  | { readonly type: 'reads'; readonly records: readonly ReadRecord[] }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly message: string };
