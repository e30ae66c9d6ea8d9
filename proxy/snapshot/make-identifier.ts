/** The identifier of a snapshot, with what survives reloads: verified tokens, answers of the legacy. */
import type { FicusConfig } from '@ficus/core';
import { createIdentifier, type Identifier } from '../identify/identify.ts';
import type { KeptIdentity } from '../identify/kept-identity.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { makeIntrospection } from './ask-introspection.ts';

export interface IdentifierParts {
  readonly identity: KeptIdentity;
  /** Adds to a plain counter. */
  readonly count: (series: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export function makeIdentifier(
  config: FicusConfig,
  legacyCopies: Upstream,
  { identity, count, clock }: IdentifierParts,
): Identifier {
  const introspection = identity.introspection(legacyCopies, () =>
    makeIntrospection(legacyCopies, count, identity),
  );
  const { jwt } = config.proxy.identify;
  const bearer = jwt && identity.bearer(jwt);
  return createIdentifier(config.proxy.identify, {
    bearer,
    introspection,
    notes: identity.notes,
    clock,
  });
}
