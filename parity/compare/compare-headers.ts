/** The headers of two responses, each by the comparison that header-rules.ts names for it. */
import { compareCookies } from './compare-cookies.ts';
import type { DifferenceCollector } from './difference-collector.ts';
import { type HeaderComparison, headerComparison } from './header-rules.ts';
import { ABSENT } from './shown-values.ts';

type HeaderFields = readonly (readonly [string, string])[];

/** Origins (`http://host:port`) that mean the side itself in absolute URLs. */
export interface SideOrigins {
  readonly legacy: readonly string[];
  readonly candidate: readonly string[];
}

/** Adds what differs. */
export function compareHeaders(
  legacy: HeaderFields,
  candidate: HeaderFields,
  origins: SideOrigins,
  found: DifferenceCollector,
): void {
  const [left, right] = [byName(legacy), byName(candidate)];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const comparison = headerComparison(name);
    if (comparison === undefined) continue;
    const [ours, theirs] = [left.get(name), right.get(name)];
    if (comparison === 'cookies') {
      compareCookies(ours ?? [], theirs ?? [], found);
    } else if (
      canonical(comparison, ours, origins.legacy) !== canonical(comparison, theirs, origins.candidate)
    ) {
      found.add({ area: 'header', name }, show(ours), show(theirs));
    }
  }
}

/** All values of one header of a response, joined as in RFC 9110 section 5.2; empty when it is missing. */
export function headerValue(headers: HeaderFields, name: string): string {
  return headers
    .filter(([field]) => field.toLowerCase() === name)
    .map(([, value]) => value)
    .join(', ');
}

function byName(headers: HeaderFields): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const [field, value] of headers) {
    const name = field.toLowerCase();
    const values = grouped.get(name);
    if (values) values.push(value);
    else grouped.set(name, [value]);
  }
  return grouped;
}

const show = (values: readonly string[] | undefined): string => values?.join(', ') ?? ABSENT;

/** Two headers mean the same when their canonical texts are equal. */
function canonical(
  comparison: Exclude<HeaderComparison, 'cookies'>,
  values: readonly string[] | undefined,
  origins: readonly string[],
): string | undefined {
  if (values === undefined) return undefined;
  const joined = values.join(', ').trim();
  switch (comparison) {
    case 'exact':
      return joined;
    case 'presence':
      return 'present';
    case 'list':
      return elements(joined, ',').sort().join(',');
    case 'media-type':
      return mediaType(joined);
    case 'location':
      return withoutOrigin(joined, origins);
  }
}

function elements(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((element) => element.trim().toLowerCase())
    .filter((element) => element !== '');
}

function mediaType(text: string): string {
  const [type = '', ...parameters] = elements(text, ';');
  const tidy = parameters.map((parameter) => parameter.replace(/\s*=\s*/, '=').replace(/="(.*)"$/, '=$1'));
  return [type, ...tidy.sort()].join(';');
}

function withoutOrigin(text: string, origins: readonly string[]): string {
  for (const origin of origins) {
    if (text === origin) return '/';
    if (text.startsWith(`${origin}/`) || text.startsWith(`${origin}?`)) return text.slice(origin.length);
  }
  return text;
}
