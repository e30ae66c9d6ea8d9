/** Two JSON documents, member by member. The order of members does not matter, the order of items does. */
import type { JsonStep } from '../rules/json-path.ts';
import type { DifferenceCollector } from './difference-collector.ts';
import { type ExactJson, JsonNumber, printExactJson } from './exact-json.ts';
import { ABSENT } from './shown-values.ts';

type Members = { readonly [name: string]: ExactJson };

/** Adds each place where the two differ. */
export function compareJson(legacy: ExactJson, candidate: ExactJson, found: DifferenceCollector): void {
  new Comparison(found).compare(legacy, candidate);
}

/** One recursive walk; `steps` is the current place, copied only at a difference. */
class Comparison {
  readonly #found: DifferenceCollector;
  readonly #steps: JsonStep[] = [];

  constructor(found: DifferenceCollector) {
    this.#found = found;
  }

  compare(legacy: ExactJson, candidate: ExactJson): void {
    if (legacy === candidate || this.#found.full) return;
    if (Array.isArray(legacy) && Array.isArray(candidate)) this.#compareItems(legacy, candidate);
    else if (isMembers(legacy) && isMembers(candidate)) this.#compareMembers(legacy, candidate);
    else if (!sameNumber(legacy, candidate)) this.#add(printExactJson(legacy), printExactJson(candidate));
  }

  #compareItems(legacy: readonly ExactJson[], candidate: readonly ExactJson[]): void {
    const length = Math.max(legacy.length, candidate.length);
    for (let index = 0; index < length; index++) this.#compareSlot(index, legacy[index], candidate[index]);
  }

  #compareMembers(legacy: Members, candidate: Members): void {
    for (const name of Object.keys(legacy)) this.#compareSlot(name, legacy[name], own(candidate, name));
    for (const name of Object.keys(candidate))
      if (!Object.hasOwn(legacy, name)) this.#compareSlot(name, undefined, candidate[name]);
  }

  #compareSlot(step: JsonStep, legacy: ExactJson | undefined, candidate: ExactJson | undefined): void {
    this.#steps.push(step);
    if (legacy !== undefined && candidate !== undefined) this.compare(legacy, candidate);
    else this.#add(show(legacy), show(candidate));
    this.#steps.pop();
  }

  #add(legacy: string, candidate: string): void {
    this.#found.add({ area: 'json', steps: [...this.#steps] }, legacy, candidate);
  }
}

const show = (value: ExactJson | undefined): string => (value === undefined ? ABSENT : printExactJson(value));

const own = (members: Members, name: string): ExactJson | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

function isMembers(value: ExactJson): value is Members {
  return (
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof JsonNumber)
  );
}

function sameNumber(legacy: ExactJson, candidate: ExactJson): boolean {
  return (
    legacy instanceof JsonNumber && candidate instanceof JsonNumber && legacy.source === candidate.source
  );
}
