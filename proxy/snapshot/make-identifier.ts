/** The identifier of a snapshot, with what survives reloads: verified tokens, answers of the legacy. */
import type { FicusConfig } from '@ficus/core';
import { createIdentifier, type Identifier } from '../identify/identify.ts';
import type { KeptIdentity } from '../identify/kept-identity.ts';
import { type IdentityFindings, quietIdentifier } from '../identify/quiet-identifier.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { makeIntrospection } from './ask-introspection.ts';

export interface IdentifierParts {
  readonly identity: KeptIdentity;
  /** Adds to a plain counter. */
  readonly count: (series: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export interface LiveIdentifier extends Identifier {
  /** Identifies as `identify` would, and counts, logs and keeps nothing. @param findings receives the reasons */
  quiet(findings: IdentityFindings): Identifier;
}

export function makeIdentifier(
  config: FicusConfig,
  legacyCopies: Upstream,
  { identity, count, clock }: IdentifierParts,
): LiveIdentifier {
  const introspection = identity.introspection(legacyCopies, () =>
    makeIntrospection(legacyCopies, count, identity),
  );
  const { jwt } = config.proxy.identify;
  const bearer = jwt && identity.bearer(jwt);
  const { identify } = createIdentifier(config.proxy.identify, {
    bearer,
    introspection,
    notes: identity.notes,
    clock,
  });
  return {
    identify,
    quiet(findings) {
      const ask = makeIntrospection(legacyCopies, () => {}, { sessions: identity.sessions, notes: findings });
      return quietIdentifier(config.proxy.identify, { bearer, introspection, ask, clock }, findings);
    },
  };
}
