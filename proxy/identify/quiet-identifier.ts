/**
 * Identifies a caller as a request's would be, for `ficus explain`: by what is known where it is known. What is not is
 * asked, once, and neither counted nor logged nor kept. What is found on the way says why a caller has no name.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { BearerClaims } from './bearer-claims.ts';
import { createIdentifier, type Identifier, type IdentifierParts } from './identify.ts';
import { UNCERTAIN } from './identity.ts';
import type { Introspection } from './introspection.ts';

/** Why a caller is unknown. `source` as for IdentityNotes. */
interface IdentityProblem {
  readonly source: string;
  readonly reason: string;
}

export class IdentityFindings {
  readonly problems: IdentityProblem[] = [];
  /** Why the request's token does not hold. */
  tokenRefused: string | undefined = undefined;

  say(source: string, reason: string): void {
    this.problems.push({ source, reason });
  }
}

interface QuietParts {
  readonly bearer: BearerClaims | undefined;
  /** Those of the worker, with what it knows. */
  readonly introspection: Introspection;
  /** Asks without counting. */
  readonly ask: Introspection;
  readonly clock: () => number;
}

const NAMED_SINCE = 'has answered otherwise by now; its earlier answer counts for 10 seconds at most';

export function quietIdentifier(
  identify: IdentifyConfig,
  { bearer, introspection, ask, clock }: QuietParts,
  findings: IdentityFindings,
): Identifier {
  return createIdentifier(identify, {
    bearer: bearer && quietBearer(bearer, findings),
    introspection: {
      known(question) {
        const known = introspection.peek(question, clock);
        // What is kept of a question that named no caller does not say why: it is asked again.
        return known?.uncertain ? undefined : known;
      },
      async ask(question) {
        const known = introspection.peek(question, clock);
        if (introspection.isFullFor(question, clock)) {
          findings.say('introspection', `${question.path} is not asked: too many questions are under way`);
          return UNCERTAIN;
        }
        const answer = await ask.ask(question, clock);
        if (known === undefined) return answer;
        // Requests go by what is kept.
        if (!answer.uncertain) findings.say('user', `${question.path} ${NAMED_SINCE}`);
        return known;
      },
    },
    notes: findings,
    clock,
  });
}

/** A token that does not hold is examined again, for the reason. */
function quietBearer(
  bearer: BearerClaims,
  findings: IdentityFindings,
): NonNullable<IdentifierParts['bearer']> {
  return {
    known(token, now) {
      const claims = bearer.known(token, now);
      return token !== undefined && typeof claims === 'string' ? undefined : claims;
    },
    async verify(token, now) {
      const { claims, why } = await bearer.examine(token, now);
      if (claims === 'none') findings.tokenRefused = why;
      else if (claims === 'unknown') findings.say('jwt', why!);
      return claims;
    },
  };
}
