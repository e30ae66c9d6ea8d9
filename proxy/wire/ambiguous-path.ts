/**
 * A path that servers read in different ways: with a backslash, a broken escape, `%00`, `#`, or a dot segment behind an
 * escaped separator or with parameters. A monolith may live with such paths, so they are refused only where the readings differ for the
 * routes (match/match-readings.ts).
 */
import { resolveSegments } from './path-segments.ts';

const ANY_ESCAPE = /%([0-9A-Fa-f]{2})/g;
/** IIS and some libraries know these as well. */
const UNICODE_ESCAPE = /%u([0-9A-Fa-f]{4})/gi;
/** Some servers leave its percent sign out. */
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/g;
/** Where a server may see the end: in C, as a fragment, as a query. */
const END = /[\0#?]/;
/** Of a segment that is empty or a dot segment without them: servers that resolve such segments first keep it. */
const ODD_PARAMETERS = /(\/(?:\.|%2e){0,2});/gi;

/** Longest path whose readings are compared: a stranger must not buy much time with one request. */
const READABLE = 2_048;

export class AmbiguousPath {
  /** As it is written: odd characters count as their escapes. */
  readonly literal: string;
  readonly #raw: string;
  #readings: readonly string[] | undefined;

  constructor(raw: string, literal: string) {
    this.#raw = raw;
    this.literal = literal;
  }

  /** Too long to compare its readings. */
  get isLong(): boolean {
    return this.#raw.length > READABLE;
  }

  /** Canonical paths, each once: what servers may take it for. Computed on first use. */
  get readings(): readonly string[] {
    this.#readings ??= readingsOf(this.#raw, this.literal);
    return this.#readings;
  }

  /** A server may end it before its query. */
  get hasFragment(): boolean {
    return this.#raw.includes('#');
  }

  /** Behind a prefix, some server could leave that prefix. */
  get mayClimb(): boolean {
    return /(?:^|\/)\.{1,2}(?:[/;\0#?]|$)/.test(decode(decodeUnicode(this.#raw)).replaceAll('\\', '/'));
  }
}

function readingsOf(raw: string, literal: string): readonly string[] {
  const spellings = [raw, decodeUnicode(raw)].flatMap((path) => [path, path.replace(BROKEN_ESCAPE, '')]);
  const decoded = new Set([raw, ...spellings.map(decode)]);
  const ended = new Set([...decoded].flatMap((path) => [path, path.split(END, 1)[0]!]));
  const separated = new Set([...ended].flatMap((path) => [path, path.replaceAll('\\', '/')]));
  // To many servers a semicolon is a character like any other.
  const kept = [...separated].flatMap((path) => [
    path.replace(ODD_PARAMETERS, '$1%3B'),
    path.replaceAll(';', '%3B'),
  ]);
  return [...new Set([literal, ...[...new Set([...separated, ...kept])].map(resolveSegments)])];
}

function decode(path: string): string {
  return path.replace(ANY_ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function decodeUnicode(path: string): string {
  return path.replace(UNICODE_ESCAPE, (_, hex: string) =>
    encodeURIComponent(String.fromCharCode(Number.parseInt(hex, 16)).toWellFormed()),
  );
}
