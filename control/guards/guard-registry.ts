/**
 * One guard for each key of `slices.NAME.guards`; a missing one does not compile. See docs/architecture/add-a-guard.md.
 */
import type { EvaluatedGuard, GuardBound } from '@ficus/core';
import type { Guard } from './guard.ts';
import { evaluateLag } from './lag-guard.ts';
import { evaluateParity } from './parity-guard.ts';

export const GUARDS: { readonly [K in EvaluatedGuard]: Guard<GuardBound<K>> } = {
  lag: evaluateLag,
  parity: evaluateParity,
};
