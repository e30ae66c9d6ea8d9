/**
 * The messages between `ficus up` and the two processes that it starts, over the channel that Node gives a child. They
 * carry the config: only `ficus up` reads the file, so that both processes have the same one, and so that a process
 * that is restarted while the file is invalid begins with the last valid one.
 */
import type { ConfigRefusal, ErrorCode, FicusConfig } from '@ficus/core';

export type ProcessName = 'proxy' | 'control';

export type ToProcess =
  /** Start with this config. */
  | { readonly kind: 'start'; readonly config: FicusConfig }
  /** The file has changed, or SIGHUP came: apply this. */
  | { readonly kind: 'config'; readonly config: FicusConfig }
  /** The file has changed and is refused; null when a valid config follows. */
  | { readonly kind: 'refused'; readonly refusal: ConfigRefusal | null };

export type FromProcess =
  /** Loaded; ready for `start`. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'listening';
      readonly address: string;
      /** Of a proxy: that of `proxy.admin`. */
      readonly adminAddress?: string | undefined;
    }
  /** Ids of the processes that it has started itself. */
  | { readonly kind: 'workers'; readonly pids: readonly number[] }
  /** It cannot listen yet and is retrying: the database is unreachable. */
  | { readonly kind: 'waiting' }
  /** It exits because of this. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** Time for what either process ends in a stop: the last report, the streams. */
const STOP_MS = 20_000;

/** How long an orderly stop of a process may take: only the proxy drains. */
export function stopLimitMs(name: ProcessName, { proxy }: FicusConfig): number {
  return name === 'proxy' ? proxy.timeouts.drainMs + STOP_MS : STOP_MS;
}
