/** What the demo and its load generator, a process of its own, say to each other. */
import type { Tally } from './tally.ts';

export interface LoadSettings {
  readonly url: string;
  /** Users that log in and stay logged in; the shop must have at least as many customers. */
  readonly users: number;
  /** Actions begun each second; an action is one to three requests. */
  readonly actionsPerSecond: number;
  /** Most actions under way at once. */
  readonly concurrency: number;
}

export type ToLoad =
  | { readonly type: 'start'; readonly settings: LoadSettings }
  /** A new stretch of the migration begins; shares are counted from zero. */
  | { readonly type: 'phase'; readonly name: string; readonly percentRises: boolean }
  | { readonly type: 'stop' };

export type FromLoad =
  | { readonly type: 'logging-in'; readonly done: number; readonly of: number }
  | { readonly type: 'running' }
  | { readonly type: 'tally'; readonly tally: Tally }
  | { readonly type: 'stopped'; readonly tally: Tally }
  | { readonly type: 'failed'; readonly message: string };
