/**
 * Which of the client's fields no upstream gets, by who the peer is: a trusted proxy may say X-Forwarded-*, X-Real-IP and
 * others (proxy-fields.ts), and a header that names the caller passes only from the peers that are believed
 * (`trustedFrom`): services behind the proxy believe it too. Neither passes in another spelling, from anybody: a proxy that
 * replaces the one passes a client's other through, and CGI and WSGI servers read both as one.
 */
import { type IdentifyConfig, ROUTING_FIELDS } from '@ficus/core';
import { NetworkList } from '../wire/network-list.ts';
import { hyphenated } from '../wire/raw-headers.ts';
import type { InspectedHead } from './inspected-head.ts';
import { NEVER_PASSED, PROXY_FIELDS } from './proxy-fields.ts';
import { RemovedFields } from './removed-fields.ts';

/** A header that passes only from these peers. */
interface GuardedHeader {
  readonly name: string;
  readonly from: NetworkList;
}

interface RemovedByPeerParts {
  /** Of fields that no peer's requests keep, in lower case. */
  readonly names: readonly string[];
  readonly guarded: readonly GuardedHeader[];
  /** Those that the config reads from any peer. */
  readonly read?: readonly string[];
  /** Those of ROUTING_FIELDS that pass from trusted proxies. */
  readonly routing: readonly string[];
  /** That no peer's requests keep. */
  readonly cookies?: readonly string[];
}

interface Peer {
  readonly peer: string;
  readonly fromTrustedProxy: boolean;
}

type SentBy = Peer & Pick<InspectedHead, 'rawHeaders' | 'forwardedFor'>;

/** Whether a peer's field was removed because it is not believed, and whether the log says so: by kind of peer. */
type Met = Record<'trusted' | 'other', 'never' | 'met' | 'said'>;

const kindOf = ({ fromTrustedProxy }: Peer) => (fromTrustedProxy ? 'trusted' : 'other');

export class RemovedByPeer {
  readonly #parts: RemovedByPeerParts;
  /** By a bit for each guarded header that is removed, and one for a trusted proxy. */
  readonly #made: RemovedFields[] = [];
  readonly #met: Met;

  constructor(parts: RemovedByPeerParts, met: Met = { trusted: 'never', other: 'never' }) {
    this.#parts = parts;
    this.#met = met;
  }

  /** The same, with further names of fields, and these cookies. */
  with(names: readonly string[], cookies: readonly string[] = []): RemovedByPeer {
    const parts = { ...this.#parts, names: [...this.#parts.names, ...names], cookies };
    return new RemovedByPeer(parts, this.#met);
  }

  /** A field of the request that is removed because its peer is not believed: once for each kind of peer. */
  hintFor(head: SentBy): string | undefined {
    const kind = kindOf(head);
    // X-Forwarded-For is set again, so it is not met among the removed.
    const met = this.#met[kind] === 'met' || (kind === 'other' && head.forwardedFor !== undefined);
    if (!met || this.#met[kind] === 'said') return undefined;
    const removed = this.for(head);
    const field = head.rawHeaders.find((name, index) => index % 2 === 0 && removed.isClaim(name));
    if (field !== undefined) this.#met[kind] = 'said';
    return field;
  }

  for({ peer, fromTrustedProxy }: Peer): RemovedFields {
    let bits = fromTrustedProxy ? 1 : 0;
    const { guarded } = this.#parts;
    for (let at = 0; at < guarded.length; at += 1) if (!guarded[at]!.from.has(peer)) bits |= 2 << at;
    this.#made[bits] ??= this.#make(bits);
    return this.#made[bits]!;
  }

  #make(bits: number): RemovedFields {
    const { names, guarded, read = [], routing, cookies = [] } = this.#parts;
    const isTrusted = (bits & 1) === 1;
    const isWithheld = (_: GuardedHeader, at: number) => (bits & (2 << at)) !== 0;
    const withheld = guarded.filter(isWithheld).map(({ name }) => name);
    const believed = guarded.filter((header, at) => !isWithheld(header, at)).map(({ name }) => name);
    const passed = isTrusted ? [...PROXY_FIELDS, ...routing] : [];
    const kept = new Set([...passed, ...believed, ...read].map(hyphenated));
    const claims = [...PROXY_FIELDS, ...ROUTING_FIELDS].filter((name) => !kept.has(hyphenated(name)));
    return new RemovedFields([...names, ...NEVER_PASSED, ...claims, ...withheld], {
      keepsForwarded: isTrusted,
      cookies,
      keptAs: [...passed, ...believed],
      claims: { names: claims, met: () => this.#noteMet(isTrusted ? 'trusted' : 'other') },
    });
  }

  #noteMet(kind: keyof Met): void {
    if (this.#met[kind] === 'never') this.#met[kind] = 'met';
  }
}

/** Headers that `identify` reads from any peer: what they say is verified, or moves nobody but their sender. */
export function readHeaders({ user, session, tenant }: IdentifyConfig): string[] {
  return [user, session, tenant].flatMap((source) =>
    source?.header !== undefined && source.trustedFrom === undefined ? [source.header] : [],
  );
}

/** Headers that name the caller by themselves. What introspection verifies is a credential, which the legacy needs. */
export function guardedHeaders({ user, session, tenant }: IdentifyConfig): GuardedHeader[] {
  return [user, session, tenant].flatMap((source) => {
    const { header, introspect, trustedFrom } = source ?? {};
    if (header === undefined || introspect !== undefined || trustedFrom === undefined) return [];
    return [{ name: header, from: new NetworkList(trustedFrom) }];
  });
}
