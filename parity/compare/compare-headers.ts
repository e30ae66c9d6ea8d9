/** The headers of two responses, each by the comparison that header-rules.ts names for it. */
import { compareCookies } from './compare-cookies.ts';
import type { DifferenceCollector } from './difference-collector.ts';
import { type HeaderComparison, headerComparison } from './header-rules.ts';
import { showTexts } from './shown-values.ts';

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
      const place = { area: 'header', name } as const;
      found.add(place, (kept) => showTexts(kept, place, ours?.join(', '), theirs?.join(', ')));
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
  return [type, ...parameters.map(tidyParameter).sort()].join(';');
}

/** `charset = "UTF-8"` → `charset=utf-8`. Without patterns: these would be slow on long blanks of a stranger. */
function tidyParameter(parameter: string): string {
  const equals = parameter.indexOf('=');
  if (equals < 0) return parameter;
  const value = parameter.slice(equals + 1).trim();
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return `${parameter.slice(0, equals).trim()}=${isQuoted ? value.slice(1, -1) : value}`;
}

function withoutOrigin(text: string, origins: readonly string[]): string {
  for (const origin of origins) {
    if (text === origin) return '/';
    if (text.startsWith(`${origin}/`) || text.startsWith(`${origin}?`)) return text.slice(origin.length);
  }
  return text;
}
