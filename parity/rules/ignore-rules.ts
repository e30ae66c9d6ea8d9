/**
 * The reviewed exceptions of a slice (`parity.ignore` in ficus.yaml), prepared for one route on one day. A rule
 * explains a difference by naming its place; an expired rule explains nothing and is reported.
 */
import type { IgnoreRule } from '@ficus/core';
import { type Place, placeTest } from './place.ts';

/** What the rules say about one place. */
export type Explanation =
  | { readonly kind: 'unexplained' }
  | { readonly kind: 'rule'; readonly rule: string }
  | { readonly kind: 'expired'; readonly rule: string };

export interface PreparedRules {
  /** How many are asked about each place. */
  readonly count: number;
  explain(place: Place): Explanation;
}

/** No exceptions at all. */
export const NO_RULES: PreparedRules = { count: 0, explain: () => ({ kind: 'unexplained' }) };

interface PreparedRule {
  readonly name: string;
  readonly expired: boolean;
  covers(place: Place): boolean;
}

/**
 * The rules that apply to a route.
 * @param today `YYYY-MM-DD`; a rule applies through its day of expiry
 */
export function prepareRules(rules: readonly IgnoreRule[], route: string, today: string): PreparedRules {
  const prepared = rules
    .filter((rule) => rule.route === undefined || rule.route === route)
    .map(
      (rule): PreparedRule => ({
        name: ruleName(rule),
        expired: rule.expires !== undefined && rule.expires < today,
        covers: placeTest(rule.path),
      }),
    );
  if (prepared.length === 0) return NO_RULES;
  return { count: prepared.length, explain: (place) => explain(prepared, place) };
}

/** How verdicts name a rule: `$.generatedAt (clock)`. */
export function ruleName(rule: IgnoreRule): string {
  return `${rule.route === undefined ? '' : `${rule.route}: `}${rule.path} (${rule.reason})`;
}

function explain(rules: readonly PreparedRule[], place: Place): Explanation {
  let expired: string | undefined;
  for (const rule of rules) {
    if (!rule.covers(place)) continue;
    if (!rule.expired) return { kind: 'rule', rule: rule.name };
    expired ??= rule.name;
  }
  return expired === undefined ? { kind: 'unexplained' } : { kind: 'expired', rule: expired };
}
