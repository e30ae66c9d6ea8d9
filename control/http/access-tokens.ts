/**
 * The tokens that the control plane accepts: only their digests are kept. A token is compared with all of them, each in
 * constant time, so that the time of a refusal says nothing.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type ControlConfig, type ControlRole, hasRole } from '@ficus/core';

/** Who calls, as far as the token says. */
export interface Caller {
  /** The token's name, `control.token` for that one; undefined without tokens. */
  readonly owner: string | undefined;
  may(role: ControlRole): boolean;
}

interface Entry {
  readonly digest: Buffer;
  readonly roles: readonly ControlRole[];
  readonly caller: Caller;
}

/** Every program of this machine, where there is no token. */
export const LOCAL_PROGRAM: Caller = { owner: undefined, may: () => true };

export class AccessTokens {
  readonly #entries: readonly Entry[];

  /** @param before the tokens that these replace: one that stays as it is keeps its caller */
  constructor({ token, tokens }: Pick<ControlConfig, 'token' | 'tokens'>, before?: AccessTokens) {
    const entries = [
      ...(token === undefined ? [] : [makeEntry(token, 'control.token', ['admin'])]),
      ...tokens.map((named) => makeEntry(named.token, named.name, named.roles)),
    ];
    const old = before === undefined ? [] : before.#entries;
    this.#entries = entries.map((entry) => old.find((known) => isSame(known, entry)) ?? entry);
  }

  /** Without tokens, every program of this machine may call. */
  get none(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether the token of a caller that `find` has returned is still accepted, with the same roles. */
  accepts(caller: Caller): boolean {
    return this.#entries.some((entry) => entry.caller === caller);
  }

  /** The owner of a token; undefined for one that is not accepted. */
  find(token: string): Caller | undefined {
    const given = digestOf(token);
    let found: Caller | undefined;
    for (const { digest, caller } of this.#entries) if (timingSafeEqual(digest, given)) found = caller;
    return found;
  }
}

function makeEntry(token: string, owner: string | undefined, roles: readonly ControlRole[]): Entry {
  return { digest: digestOf(token), roles, caller: { owner, may: (role) => hasRole(roles, role) } };
}

function isSame(a: Entry, b: Entry): boolean {
  const sameRoles = JSON.stringify([...a.roles].sort()) === JSON.stringify([...b.roles].sort());
  return a.digest.equals(b.digest) && a.caller.owner === b.caller.owner && sameRoles;
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
