/** A proxy as its embedder sees it: its options, and the handle to it while it runs. */
import type {
  ConfigProblem,
  ConfigRefusal,
  ControlClientConfig,
  FicusConfig,
  ObservationSink,
  ParsedConfig,
} from '@ficus/core';
import type { Logger } from 'pino';
import type { ReloadTriggers } from './config-file/reload-triggers.ts';

export interface StartProxyOptions {
  readonly config: FicusConfig;
  /** Of the file that `config` was read from: a valid change is applied, an invalid one refused whole. The caller ends it. */
  readonly reloads?: ReloadTriggers | undefined;
  /** How the config is read again; by default from the file of `reloads`. */
  readonly reloadConfig?: (() => Promise<ParsedConfig>) | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Base of the control plane: built-in flags, owners, pins' release, reports, observations. */
  readonly controlUrl?: string | undefined;
  readonly controlToken?: string | undefined;
  /** For a `controlUrl` of https. */
  readonly controlTls?: ControlClientConfig | undefined;
  readonly logger?: Logger | undefined;
  /** File descriptor that workers write their log lines to: 1 by default. */
  readonly logFd?: number | undefined;
  /** Receives observations in this process; by default they go to the control plane. */
  readonly onObservation?: ObservationSink | undefined;
  /** Aborted when this process is to stop: a worker that ends before it has begun is then no fault. */
  readonly stopping?: AbortSignal | undefined;
  /** Serves in this process, without separate workers. */
  readonly inProcess?: boolean | undefined;
}

export type ReloadResult =
  | { readonly ok: true; readonly generation: number }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface RunningProxy {
  readonly address: string;
  readonly adminAddress?: string | undefined;
  /** Reads config and flags again. Problems leave the old config in place. */
  reload(): Promise<ReloadResult>;
  /**
   * With `reloadConfig`: the changed file was refused before it came here, which admin address and reports then say;
   * null when the file has the running config again.
   */
  configRefused(refusal: ConfigRefusal | null): void;
  /** Drains: accepts no new connections, lets requests finish, then resolves. */
  stop(): Promise<void>;
}
