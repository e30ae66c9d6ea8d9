/**
 * Client fields that are never passed on: only a proxy may set them, and services trust them (CVE-2026-3635). Names are
 * compared as CGI-style servers read them, where `X_Forwarded_For`, `X.Forwarded.For` and `X-Forwarded-For` are one
 * variable: otherwise a forged field would get in by another spelling.
 */
import { hyphenated } from '../wire/raw-headers.ts';
import type { FieldNames } from '../wire/request-head.ts';

const A = 'a'.charCodeAt(0);
const T = 't'.charCodeAt(0);
const X = 'x'.charCodeAt(0);
const Z = 'z'.charCodeAt(0);
const LOWER = 32;

interface RemovedFieldsOptions {
  /** For a trusted proxy: whatever begins with X-Forwarded- is passed on unless it is set again. */
  readonly keepsForwarded: boolean;
  /** Among those of the Cookie field. */
  readonly cookies?: readonly string[];
  /** Names that pass as they are written here, and in no other spelling: the peer may pass a client's through. */
  readonly keptAs?: Iterable<string>;
  /** Those of the names that are removed only because their peer is not believed: `met` is called when one came. */
  readonly claims?: { readonly names: Iterable<string>; met(): void };
}

export class RemovedFields implements FieldNames {
  readonly cookies: readonly string[] | undefined;
  readonly #names: ReadonlySet<string>;
  readonly #keepsForwarded: boolean;
  /** By the spelling with hyphens. */
  readonly #keptAs: ReadonlyMap<string, string>;
  /** By length and first letter, which no spelling changes: one look rules out nearly every other field. */
  readonly #places = new Uint8Array(1024);
  readonly #claims: ReadonlySet<string>;
  readonly #met: (() => void) | undefined;
  #andTracestate: FieldNames | undefined = undefined;

  /** @param names in lower case */
  constructor(
    names: Iterable<string>,
    { keepsForwarded, cookies = [], keptAs = [], claims }: RemovedFieldsOptions,
  ) {
    this.cookies = cookies.length === 0 ? undefined : cookies;
    this.#names = new Set([...names].flatMap((name) => [name, hyphenated(name)]));
    this.#keepsForwarded = keepsForwarded;
    this.#keptAs = new Map([...keptAs].map((name) => [hyphenated(name), name]));
    this.#claims = new Set([...(claims?.names ?? [])].map(hyphenated));
    this.#met = claims && (() => claims.met());
    for (const name of [...this.#names, ...this.#keptAs.keys()]) this.#places[placeOf(name)] = 1;
  }

  /** The same, and tracestate: it belongs to a trace that does not continue (W3C Trace Context section 3.3.1.4). */
  get andTracestate(): FieldNames {
    this.#andTracestate ??= {
      has: (name) => isTracestate(name) || this.has(name),
      cookies: this.cookies,
    };
    return this.#andTracestate;
  }

  /** @param name as it came, in whatever case */
  has(name: string): boolean {
    // Called for each field of each request; nearly none is removed.
    const meant = this.#places[placeOf(name)] !== 0 || isOurs(name);
    if (!meant || !this.#hasLower(name.toLowerCase())) return false;
    if (this.#met !== undefined && this.isClaim(name)) this.#met();
    return true;
  }

  /** Whether it is removed only because its peer is not believed. */
  isClaim(name: string): boolean {
    const spelled = hyphenated(name.toLowerCase());
    return this.#claims.has(spelled) || (!this.#keepsForwarded && spelled.startsWith('x-forwarded-'));
  }

  #hasLower(name: string): boolean {
    if (this.#names.has(name)) return true;
    const spelled = hyphenated(name);
    const respelled = spelled !== name;
    if (spelled.startsWith('x-ficus-')) return true;
    if (spelled.startsWith('x-forwarded-')) return respelled || !this.#keepsForwarded;
    if (respelled && this.#names.has(spelled)) return true;
    const keptAs = this.#keptAs.get(spelled);
    return keptAs !== undefined && keptAs !== name;
  }
}

/** The same for either case. */
const placeOf = (name: string): number => ((name.length & 31) << 5) | (name.charCodeAt(0) & 31);

/** Called for each field of each request that begins a trace: length and first letter rule out all others. */
function isTracestate(name: string): boolean {
  return name.length === 10 && (name.charCodeAt(0) | LOWER) === T && name.toLowerCase() === 'tracestate';
}

/** Begins with X, as all do that are known by their prefix, or with no letter, which another spelling may change. */
function isOurs(name: string): boolean {
  const first = name.charCodeAt(0) | LOWER;
  return first === X || first < A || first > Z;
}
