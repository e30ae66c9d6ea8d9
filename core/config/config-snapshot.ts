/**
 * The data plane's copy of the config: immutable, replaced as a whole. A request keeps the snapshot that it began with.
 */
import type { FicusConfig } from './config-schema.ts';

export interface ConfigSnapshot {
  readonly config: FicusConfig;
  /** Grows with each accepted change, for logs and to check whether all workers have it. */
  readonly generation: number;
}
