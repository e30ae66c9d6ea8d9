/**
 * Takes each difference as it is found, checks it against the rules, and keeps a bounded number of unexplained ones.
 * Every difference is checked: a bound before the rules would let noise hide a real difference. Checking all of very
 * many would stop the control plane meanwhile, so it ends at a bound, and what is left unchecked makes no agreement.
 */
import type { Difference } from '@ficus/core';
import type { KeptValues, ShownPair } from '../redact/kept-values.ts';
import type { Explanation, PreparedRules } from '../rules/ignore-rules.ts';
import { formatJsonPath } from '../rules/json-path.ts';
import type { Place } from '../rules/place.ts';

const MOST_DIFFERENCES = 25;
const LONGEST_PATH = 300;
/** Of steps that rules have looked at: a few tens of milliseconds. Ten rules check 8,000 differences four levels deep. */
const MOST_CHECKS = 1_000_000;
/** What asking a rule costs, in steps. */
const CHECK = 8;

export class DifferenceCollector {
  readonly differences: Difference[] = [];
  readonly rules = new Set<string>();
  readonly expiredRules = new Set<string>();
  readonly #prepared: PreparedRules;
  readonly #kept: KeptValues;
  #checks = 0;

  constructor(prepared: PreparedRules, kept: KeptValues) {
    this.#prepared = prepared;
    this.#kept = kept;
  }

  /** True once looking further would add nothing to the result. */
  get full(): boolean {
    return this.differences.length >= MOST_DIFFERENCES || this.exhausted;
  }

  /** True once there are more differences than can be checked: the rest is not known. */
  get exhausted(): boolean {
    return this.#checks > MOST_CHECKS;
  }

  /** Whether a rule covers a place that differs, somewhere in it, as is known already. */
  isExplained(place: Place): boolean {
    return this.#explain(place).kind === 'rule';
  }

  /** @param show called only when the difference is kept */
  add(place: Place, show: (kept: KeptValues) => ShownPair): void {
    if (this.exhausted) return;
    const explanation = this.#explain(place);
    if (explanation.kind === 'rule') return;
    if (explanation.kind === 'expired') this.expiredRules.add(explanation.rule);
    if (this.full) return;
    const [legacy, candidate] = show(this.#kept);
    this.differences.push({ path: formatPlace(place, this.#kept), legacy, candidate });
  }

  #explain(place: Place): Explanation {
    const steps = place.area === 'json' ? place.steps.length : 0;
    this.#checks += this.#prepared.count * (CHECK + steps);
    const explanation = this.#prepared.explain(place);
    if (explanation.kind === 'rule') this.rules.add(explanation.rule);
    return explanation;
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
