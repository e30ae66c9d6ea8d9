/**
 * Knowledge about callers that survives config changes unrelated to it: the issuer's keys, verified tokens, answers of
 * the legacy, sessions that are changing. If every reload dropped it, all callers would have to be looked up at once, and some would be anonymous
 * for a moment.
 */
import type { IdentifyConfig } from '@ficus/core';
import { BearerClaims } from './bearer-claims.ts';
import { ChangingSessions } from './changing-sessions.ts';
import type { IdentityNotes } from './identity-notes.ts';
import type { Introspection } from './introspection.ts';

type JwtConfig = NonNullable<IdentifyConfig['jwt']>;

export class KeptIdentity {
  #jwt = '';
  #bearer: BearerClaims | undefined;
  #asked: object | undefined;
  #introspection: Introspection | undefined;

  readonly sessions = new ChangingSessions((session) => this.forget(session));
  readonly notes: IdentityNotes;

  constructor(notes: IdentityNotes) {
    this.notes = notes;
  }

  bearer(jwt: JwtConfig): BearerClaims {
    const written = JSON.stringify(jwt);
    if (this.#bearer === undefined || this.#jwt !== written) this.#bearer = new BearerClaims(jwt, this.notes);
    this.#jwt = written;
    return this.#bearer;
  }

  /** @param upstream the upstream to ask; a different object when its config has changed */
  introspection(upstream: object, make: () => Introspection): Introspection {
    if (this.#introspection === undefined || this.#asked !== upstream) this.#introspection = make();
    this.#asked = upstream;
    return this.#introspection;
  }

  /** The session may have changed. */
  forget(session: string): void {
    this.#introspection?.forget(session);
  }
}
