/** How far the flags in use can be trusted, for `ficus explain`; pure. */
import type { FlagsConfig } from '@ficus/core';
import type { FlagsState } from './explanation.ts';

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
