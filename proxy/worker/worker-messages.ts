/**
 * The messages between the primary and its workers. The primary holds what must exist once (config file, flags source,
 * link to the control plane, pins' life); a worker holds what a request needs. With one process for all, the same
 * messages are plain calls.
 */
import type {
  BusyInterval,
  ClientFeatures,
  ControlClientConfig,
  EndlessWrites,
  ExplainQuestion,
  FicusConfig,
  Observation,
  SliceHold,
  SliceState,
} from '@ficus/core';
import type { WorkerExplanation } from '../explain/explanation.ts';
import type { Leases } from '../hold/evaluate-passage.ts';
import type { ListenerPems } from '../keys/listener-tls.ts';
import type { CountersDelta } from '../observe/traffic-counters.ts';
import type { PinCount } from '../pin/pin-ledger.ts';
import type { CheckedUpstream } from '../resilience/checked-upstream.ts';

/** Address of the control plane, for what a worker sends there itself. */
export interface ControlAddress {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For https. */
  readonly tls?: ControlClientConfig | undefined;
}

interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /**
   * `own`: the only worker has the socket to itself. `reuse-port`: each worker has its own socket and the kernel
   * spreads connections over them (SO_REUSEPORT). `handed`: the primary accepts and distributes connections in turn,
   * where the kernel cannot.
   */
  readonly sharing: 'own' | 'reuse-port' | 'handed';
}

/** A worker's initial state. */
export interface WorkerInit {
  readonly config: FicusConfig;
  readonly generation: number;
  /** Of this run of the proxy. */
  readonly proxyId: string;
  readonly flags: ClientFeatures | undefined;
  readonly slices: Readonly<Record<string, SliceState>>;
  readonly leases: Leases;
  readonly pins: readonly PinCount[];
  readonly health: readonly CheckedUpstream[];
  readonly listen: ListenAddress;
  /** Of `proxy.tls`, where the listener speaks HTTPS. */
  readonly certificate: ListenerPems | undefined;
  readonly logLevel: string;
  /** File descriptor that log lines go to. */
  readonly logFd: number;
  readonly control: ControlAddress | undefined;
  /** Observations go to the primary; otherwise to the control plane, or nowhere when there is none. */
  readonly observationsToPrimary: boolean;
  /** Whether there are other workers, which must have a pin before its write leaves. */
  readonly siblings: boolean;
}

/** Which worker waits, and for which of its writes. */
export interface PinQuestion {
  readonly worker: number;
  readonly ask: number;
}

export type PrimaryMessage =
  | { readonly kind: 'init'; readonly init: WorkerInit }
  | { readonly kind: 'config'; readonly config: FicusConfig; readonly generation: number }
  | { readonly kind: 'flags'; readonly set: ClientFeatures }
  | { readonly kind: 'state'; readonly slices: Readonly<Record<string, SliceState>> }
  /** The control plane has answered a report: all leases that hold now. */
  | { readonly kind: 'leases'; readonly leases: Leases }
  /** What the health checks say now, of all upstreams that have any. */
  | { readonly kind: 'health'; readonly upstreams: readonly CheckedUpstream[] }
  /** The files of `proxy.tls` have changed. */
  | { readonly kind: 'certificate'; readonly pems: ListenerPems }
  /** A sibling's user began a write: pin, and confirm with `took-pin`. */
  | { readonly kind: 'pin'; readonly slice: string; readonly key: string; readonly from: PinQuestion }
  /** All siblings have pinned the user of this write. */
  | { readonly kind: 'pinned'; readonly ask: number }
  | { readonly kind: 'release'; readonly pins: readonly PinCount[] }
  /** An answer set these sessions: what is kept about them is dropped. */
  | { readonly kind: 'forget-sessions'; readonly sessions: readonly string[] }
  /** An operator asks what would become of a request: answer with `explained`. */
  | { readonly kind: 'explain'; readonly ask: number; readonly question: ExplainQuestion }
  /** Close the listening socket, finish, end. */
  | { readonly kind: 'drain' }
  /** End connections after their next answer. Sent when no worker listens any more, or at once to one that drains alone. */
  | { readonly kind: 'end-connections' };

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening'; readonly host: string; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'ack'; readonly generation: number; readonly epochs: Readonly<Record<string, number>> }
  /** Of the slices that are leased or held: what this worker has applied, and its writes. */
  | { readonly kind: 'holds'; readonly slices: Readonly<Record<string, SliceHold>> }
  /** Of observed slices, twice a second: when it had writes in flight, complete up to `untilMs`. */
  | {
      readonly kind: 'busy';
      readonly untilMs: number;
      readonly slices: Readonly<Record<string, readonly BusyInterval[]>>;
      readonly endless: Readonly<Record<string, EndlessWrites>>;
    }
  | {
      readonly kind: 'pin-begin';
      readonly slice: string;
      readonly key: string;
      readonly ask: number;
      readonly trace?: string | undefined;
    }
  | { readonly kind: 'took-pin'; readonly from: PinQuestion }
  /** A write is over, or counts as over after this time. */
  | {
      readonly kind: 'pin-answered';
      readonly slice: string;
      readonly key: string;
      readonly afterMs: number;
      readonly trace?: string | undefined;
    }
  /** For the siblings. */
  | { readonly kind: 'forget-sessions'; readonly sessions: readonly string[] }
  | { readonly kind: 'counts'; readonly delta: CountersDelta | undefined; readonly pins: number }
  /** Current values by series, twice a second; of upstreams what is not zero. Also the sign of life. */
  | { readonly kind: 'gauges'; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'observation'; readonly observation: Observation }
  /** Undefined when explaining failed: the worker's log says why. */
  | {
      readonly kind: 'explained';
      readonly ask: number;
      readonly explanation: WorkerExplanation | undefined;
    }
  | { readonly kind: 'listener-closed' }
  /** All is over; `cut` requests had to be ended at the deadline. */
  | { readonly kind: 'drained'; readonly cut: number };
