/**
 * What `ficus up` and the two processes that it starts say to each other, over the channel that Node gives a child. The
 * config comes with the messages: `ficus up` alone reads the file, so that both have the same one, and so that a process
 * that is restarted while the file is invalid begins with the last valid one.
 */
import type { ErrorCode, FicusConfig } from '@ficus/core';

export type ProcessName = 'proxy' | 'control';

export type ToProcess =
  /** Begin with this. */
  | { readonly kind: 'start'; readonly config: FicusConfig }
  /** The file has changed, or SIGHUP came: apply this. */
  | { readonly kind: 'config'; readonly config: FicusConfig };

export type FromProcess =
  /** Loaded; `start` may come. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening'; readonly address: string }
  /** It cannot listen yet, and tries again: the database is away. */
  | { readonly kind: 'waiting' }
  /** It ends because of this. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** What a process may take beyond the drain: the last report, the end of the streams. */
const STOP_MS = 20_000;

/** How long a process may take to stop in order. */
export const stopLimitMs = ({ proxy }: FicusConfig): number => proxy.timeouts.drainMs + STOP_MS;
