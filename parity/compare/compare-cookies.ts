/**
 * Compares Set-Cookie (RFC 6265 section 4.1), cookie by cookie. Values are mostly random (session ids), so only the
 * presence of a value counts; attributes decide whether a browser will send the cookie back, and count. `Expires` moves
 * with the clock: only its presence counts, while `Max-Age` counts as it is.
 */
import type { DifferenceCollector } from './difference-collector.ts';
import { ABSENT } from './shown-values.ts';

interface Cookie {
  readonly empty: boolean;
  readonly attributes: ReadonlyMap<string, string>;
}

/** Adds the differences, as `header.set-cookie.NAME`. */
export function compareCookies(
  legacy: readonly string[],
  candidate: readonly string[],
  found: DifferenceCollector,
): void {
  const [left, right] = [byName(legacy), byName(candidate)];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [ours, theirs] = [left.get(name), right.get(name)];
    if (describe(ours) === describe(theirs)) continue;
    const place = { area: 'header', name: 'set-cookie', part: name } as const;
    found.add(place, (kept) => {
      const show = (text: string) => kept.text(place, text);
      return kept.tellApart([describe(ours, show), describe(theirs, show)], () => [
        describe(ours),
        describe(theirs),
      ]);
    });
  }
}

function byName(values: readonly string[]): Map<string, Cookie> {
  return new Map(values.map(parseCookie));
}

function parseCookie(text: string): [string, Cookie] {
  const [pair = '', ...attributes] = text.split(';');
  const [name, value] = splitPair(pair);
  const parsed = attributes.map((attribute): [string, string] => {
    const [key, content] = splitPair(attribute);
    return [key.toLowerCase(), content];
  });
  return [name, { empty: value === '', attributes: new Map(parsed.filter(([key]) => key !== '')) }];
}

function splitPair(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text.trim(), ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}

/** Attributes whose values are words of the standard, or numbers of seconds. */
const SHOWN_ATTRIBUTES = new Set(['max-age', 'priority', 'samesite']);
const KNOWN_ATTRIBUTES = new Set([
  ...SHOWN_ATTRIBUTES,
  'domain',
  'httponly',
  'partitioned',
  'path',
  'secure',
]);

/** Canonical and readable; never the cookie's value. @param show shows a text that may be data */
function describe(cookie: Cookie | undefined, show = (text: string) => text): string {
  if (!cookie) return ABSENT;
  const attributes = [...cookie.attributes].map(([key, value]) => {
    if (key === 'expires') return 'expires';
    const name = KNOWN_ATTRIBUTES.has(key) ? key : show(key);
    if (value === '') return name;
    const canonical = key === 'path' ? value : value.toLowerCase();
    return `${name}=${SHOWN_ATTRIBUTES.has(key) ? canonical : show(canonical)}`;
  });
  return [cookie.empty ? '(empty)' : '(value)', ...attributes.sort()].join('; ');
}
