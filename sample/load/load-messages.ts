/** The messages between the demo and its load generator, a separate process. */
import type { Mix } from './mix.ts';
import type { Tally } from './tally.ts';
import type { WriteRecord } from './write-record.ts';

export interface LoadSettings {
  readonly url: string;
  /** Users that log in and stay logged in; the shop must have at least as many customers. */
  readonly users: number;
  /** Actions started each second; an action is one to four requests. */
  readonly actionsPerSecond: number;
  /** Maximum number of actions in progress. */
  readonly concurrency: number;
}

export type ToLoad =
  | { readonly type: 'start'; readonly settings: LoadSettings }
  /** A new stage of the migration begins; shares are counted from zero. */
  | { readonly type: 'phase'; readonly name: string; readonly percentRises: boolean; readonly mix: Mix }
  /** Asks for the slice's writes so far. */
  | { readonly type: 'writes' }
  | { readonly type: 'stop' };

export type FromLoad =
  | { readonly type: 'logging-in'; readonly done: number; readonly of: number }
  | { readonly type: 'running' }
  | { readonly type: 'tally'; readonly tally: Tally }
  | { readonly type: 'writes'; readonly writes: readonly WriteRecord[] }
  | { readonly type: 'stopped'; readonly tally: Tally; readonly writes: readonly WriteRecord[] }
  | { readonly type: 'failed'; readonly message: string };
