/** The JWKS of a config's assertions, for candidates: served at the admin address and by the control plane. */
import type { FicusConfig } from '@ficus/core';
import { type PublishedKey, readAssertionKeys } from './assertion-keys.ts';

export interface KeySet {
  readonly keys: readonly PublishedKey[];
}

export const KEY_SET_PATH = '/.well-known/jwks.json';

/** A config's key files are read once: an applied config's have been found readable. */
const known = new WeakMap<FicusConfig, KeySet>();

export function publishedKeys(config: FicusConfig): KeySet {
  const { assert } = config.proxy.identify;
  const set = known.get(config) ?? { keys: assert ? readAssertionKeys(assert).published : [] };
  known.set(config, set);
  return set;
}
