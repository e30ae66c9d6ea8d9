/**
 * Takes each difference as it is found, checks it against the rules, and keeps a bounded number of unexplained ones.
 * Every difference is checked: a bound before the rules would let noise hide a real difference.
 */
import type { Difference } from '@ficus/core';
import type { KeptValues, ShownPair } from '../redact/kept-values.ts';
import type { PreparedRules } from '../rules/ignore-rules.ts';
import { formatJsonPath } from '../rules/json-path.ts';
import type { Place } from '../rules/place.ts';

const MOST_DIFFERENCES = 25;
const LONGEST_PATH = 300;

export class DifferenceCollector {
  readonly differences: Difference[] = [];
  readonly rules = new Set<string>();
  readonly expiredRules = new Set<string>();
  readonly #prepared: PreparedRules;
  readonly #kept: KeptValues;

  constructor(prepared: PreparedRules, kept: KeptValues) {
    this.#prepared = prepared;
    this.#kept = kept;
  }

  /** True once looking further would add nothing to the result. */
  get full(): boolean {
    return this.differences.length >= MOST_DIFFERENCES;
  }

  /** @param show called only when the difference is kept */
  add(place: Place, show: (kept: KeptValues) => ShownPair): void {
    const explanation = this.#prepared.explain(place);
    if (explanation.kind === 'rule') {
      this.rules.add(explanation.rule);
      return;
    }
    if (explanation.kind === 'expired') this.expiredRules.add(explanation.rule);
    if (this.full) return;
    const [legacy, candidate] = show(this.#kept);
    this.differences.push({ path: formatPlace(place, this.#kept), legacy, candidate });
  }
}

function formatPlace(place: Place, kept: KeptValues): string {
  switch (place.area) {
    case 'status':
    case 'body':
      return place.area;
    case 'header': {
      const name = kept.name(place.name);
      return `header.${name}${place.part === undefined ? '' : `.${kept.name(place.part)}`}`;
    }
    case 'json': {
      const path = formatJsonPath(kept.steps(place));
      return path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH)}…`;
    }
    case 'query':
    case 'path':
      return `${place.area}.${kept.name(place.name)}`;
  }
}
