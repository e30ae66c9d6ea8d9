/** How far the flags in use can be trusted, for `ficus explain`; pure. */
import { type FlagCause, type FlagsConfig, flagCauses } from '@ficus/core';
import type { FlagsState, WorkerExplanation } from './explanation.ts';

interface FlagsFacts {
  readonly provider: FlagsConfig['provider'];
  /** Built-in flags without a control plane have none. */
  readonly hasSource: boolean;
  /** A set has been received, now or by an earlier run. */
  readonly isKnown: boolean;
  /** When the flags were received, if they are those of an earlier run. */
  readonly lastKnownOf: string | undefined;
  readonly receivedAt: string | undefined;
  /** The source's trouble. */
  readonly problem: string | undefined;
}

export function describeFlags(facts: FlagsFacts): FlagsState {
  const { provider, lastKnownOf, receivedAt, problem } = facts;
  return {
    provider,
    state: stateOf(facts),
    receivedAt: lastKnownOf ?? receivedAt ?? null,
    problem: problem ?? null,
  };
}

function stateOf({ hasSource, isKnown, lastKnownOf, problem }: FlagsFacts): FlagsState['state'] {
  if (!hasSource) return 'no source';
  if (!isKnown) return 'none yet';
  if (lastKnownOf !== undefined) return 'last known';
  return problem === undefined ? 'current' : 'stale';
}

const MISSING_BECAUSE: Partial<Record<FlagsState['state'], FlagCause>> = {
  'no source': 'no-source',
  'none yet': 'not-known',
};

/** Workers see a missing flag; only the primary knows whether there are any flags. */
export function explainMissing<Explained extends WorkerExplanation>(
  explained: Explained,
  { state }: FlagsState,
): Explained {
  const { flag, reason, action } = explained;
  const cause = MISSING_BECAUSE[state];
  if (flag?.cause !== 'missing' || cause === undefined) return explained;
  const words = flagCauses[cause];
  return {
    ...explained,
    action: reason === 'serve-flag-off' ? words.action : action,
    flag: { ...flag, cause, ...words },
  };
}
