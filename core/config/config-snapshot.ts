/**
 * What the data plane holds of the config: immutable, swapped whole. A request keeps the snapshot it began with.
 */
import type { FicusConfig } from './config-schema.ts';

export interface ConfigSnapshot {
  readonly config: FicusConfig;
  /** Grows with each accepted change, for logs and for asking whether all workers have it. */
  readonly generation: number;
}
