/**
 * Takes each difference as it is found, checks it against the rules, and keeps a bounded number of unexplained ones.
 * Every difference is checked: a bound before the rules would let noise hide a real difference.
 */
import type { Difference } from '@ficus/core';
import type { Place, PreparedRules } from '../rules/ignore-rules.ts';
import { formatJsonPath } from '../rules/json-path.ts';
import { showPair } from './shown-values.ts';

const MOST_DIFFERENCES = 25;

export class DifferenceCollector {
  readonly differences: Difference[] = [];
  readonly rules = new Set<string>();
  readonly expiredRules = new Set<string>();
  readonly #prepared: PreparedRules;

  constructor(prepared: PreparedRules) {
    this.#prepared = prepared;
  }

  /** True once looking further would add nothing to the result. */
  get full(): boolean {
    return this.differences.length >= MOST_DIFFERENCES;
  }

  add(place: Place, legacy: string, candidate: string): void {
    const explanation = this.#prepared.explain(place);
    if (explanation.kind === 'rule') {
      this.rules.add(explanation.rule);
      return;
    }
    if (explanation.kind === 'expired') this.expiredRules.add(explanation.rule);
    if (this.full) return;
    const [shownLegacy, shownCandidate] = showPair(legacy, candidate);
    this.differences.push({ path: formatPlace(place), legacy: shownLegacy, candidate: shownCandidate });
  }
}

function formatPlace(place: Place): string {
  switch (place.area) {
    case 'status':
    case 'body':
      return place.area;
    case 'header':
      return `header.${place.name}${place.part === undefined ? '' : `.${place.part}`}`;
    case 'json':
      return formatJsonPath(place.steps);
  }
}
