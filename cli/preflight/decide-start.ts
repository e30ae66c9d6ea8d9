/**
 * Which findings of the preflight keep `ficus up` from starting. Pure. The proxy serves also while the control plane's
 * database is away: until it is back, databases that cannot be reached are waited for, and everything else still refuses.
 */

import type { Finding } from '@ficus/cdc';
import { describeError } from '@ficus/core';

export interface StartDecision {
  readonly refused: readonly Finding[];
  /** Waited for by the control plane. */
  readonly awaited: readonly Finding[];
}

export function decideStart(findings: readonly Finding[]): StartDecision {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const isTimed = ({ code }: Finding) => describeError(code).retry === 'timed';
  const isAway = errors.some((error) => error.path === 'control.database' && isTimed(error));
  const awaited = isAway ? errors.filter(isTimed) : [];
  return { refused: errors.filter((error) => !awaited.includes(error)), awaited };
}
