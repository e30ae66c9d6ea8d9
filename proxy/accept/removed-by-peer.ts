/**
 * Which of the client's fields no upstream gets, by who the peer is: a trusted proxy may say X-Forwarded-*, X-Real-IP and
 * others (proxy-fields.ts), and a header that names the caller passes only from the peers that are believed
 * (`trustedFrom`): services behind the proxy believe it too.
 */
import type { IdentifyConfig } from '@ficus/core';
import { NetworkList } from '../wire/network-list.ts';
import { NEVER_PASSED, PROXY_FIELDS } from './proxy-fields.ts';
import { RemovedFields } from './removed-fields.ts';

/** A header that passes only from these peers. */
interface GuardedHeader {
  readonly name: string;
  readonly from: NetworkList;
}

interface Peer {
  readonly peer: string;
  readonly fromTrustedProxy: boolean;
}

export class RemovedByPeer {
  readonly #names: readonly string[];
  readonly #guarded: readonly GuardedHeader[];
  readonly #cookies: readonly string[];
  /** By a bit for each guarded header that is removed, and one for a trusted proxy. */
  readonly #made: RemovedFields[] = [];

  /**
   * @param names of fields that no peer's requests keep, in lower case
   * @param cookies that none keeps
   */
  constructor(names: readonly string[], guarded: readonly GuardedHeader[], cookies: readonly string[] = []) {
    this.#names = names;
    this.#guarded = guarded;
    this.#cookies = cookies;
  }

  /** The same, with further names of fields, and these cookies. */
  with(names: readonly string[], cookies: readonly string[] = []): RemovedByPeer {
    return new RemovedByPeer([...this.#names, ...names], this.#guarded, cookies);
  }

  for({ peer, fromTrustedProxy }: Peer): RemovedFields {
    let bits = fromTrustedProxy ? 1 : 0;
    for (let at = 0; at < this.#guarded.length; at += 1)
      if (!this.#guarded[at]!.from.has(peer)) bits |= 2 << at;
    this.#made[bits] ??= this.#make(bits);
    return this.#made[bits]!;
  }

  #make(bits: number): RemovedFields {
    const isTrusted = (bits & 1) === 1;
    const isWithheld = (at: number) => (bits & (2 << at)) !== 0;
    const guarded = this.#guarded.map(({ name }) => name);
    const withheld = guarded.filter((_, at) => isWithheld(at));
    const believed = new Set(guarded.filter((_, at) => !isWithheld(at)));
    const claims = isTrusted ? [] : PROXY_FIELDS.filter((name) => !believed.has(name));
    return new RemovedFields(
      [...this.#names, ...NEVER_PASSED, ...claims, ...withheld],
      isTrusted,
      this.#cookies,
    );
  }
}

/** Headers that name the caller by themselves. What introspection verifies is a credential, which the legacy needs. */
export function guardedHeaders({ user, session, tenant }: IdentifyConfig): GuardedHeader[] {
  return [user, session, tenant].flatMap((source) => {
    const { header, introspect, trustedFrom } = source ?? {};
    if (header === undefined || introspect !== undefined || trustedFrom === undefined) return [];
    return [{ name: header, from: new NetworkList(trustedFrom) }];
  });
}
