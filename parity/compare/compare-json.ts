/** Two JSON documents, member by member. The order of members does not matter, the order of items does. */
import { isMap } from '../redact/field-name.ts';
import type { JsonStep } from '../rules/json-path.ts';
import type { DifferenceCollector } from './difference-collector.ts';
import { type ExactJson, isMembers, JsonNumber } from './exact-json.ts';
import { showJson } from './shown-values.ts';

type Members = { readonly [name: string]: ExactJson };

/** Adds each place where the two differ. */
export function compareJson(legacy: ExactJson, candidate: ExactJson, found: DifferenceCollector): void {
  new Comparison(found).compare(legacy, candidate);
}

/** One recursive walk; `steps` is the current place, copied only at a difference. */
class Comparison {
  readonly #found: DifferenceCollector;
  readonly #steps: JsonStep[] = [];
  /** The legacy's value above each step. */
  readonly #above: ExactJson[] = [];
  readonly #maps = new WeakMap<Members, boolean>();

  constructor(found: DifferenceCollector) {
    this.#found = found;
  }

  compare(legacy: ExactJson, candidate: ExactJson): void {
    if (legacy === candidate || this.#found.full) return;
    if (Array.isArray(legacy) && Array.isArray(candidate)) this.#compareItems(legacy, candidate);
    else if (isMembers(legacy) && isMembers(candidate)) this.#compareMembers(legacy, candidate);
    else if (!sameNumber(legacy, candidate)) this.#add(legacy, candidate);
  }

  #compareItems(legacy: readonly ExactJson[], candidate: readonly ExactJson[]): void {
    const length = Math.max(legacy.length, candidate.length);
    this.#above.push(legacy);
    for (let index = 0; index < length; index++) this.#compareSlot(index, legacy[index], candidate[index]);
    this.#above.pop();
  }

  #compareMembers(legacy: Members, candidate: Members): void {
    this.#above.push(legacy);
    for (const name of Object.keys(legacy)) this.#compareSlot(name, legacy[name], own(candidate, name));
    for (const name of Object.keys(candidate))
      if (!Object.hasOwn(legacy, name)) this.#compareSlot(name, undefined, candidate[name]);
    this.#above.pop();
  }

  #compareSlot(step: JsonStep, legacy: ExactJson | undefined, candidate: ExactJson | undefined): void {
    this.#steps.push(step);
    if (legacy !== undefined && candidate !== undefined) this.compare(legacy, candidate);
    else this.#add(legacy, candidate);
    this.#steps.pop();
  }

  #add(legacy: ExactJson | undefined, candidate: ExactJson | undefined): void {
    const place = {
      area: 'json',
      steps: [...this.#steps],
      keysOfMaps: () => this.#keysOfMaps(),
    } as const;
    this.#found.add(place, (kept) => showJson(kept, place.steps, legacy, candidate));
  }

  #keysOfMaps(): ReadonlySet<number> {
    return new Set(this.#above.flatMap((value, at) => (isMembers(value) && this.#isMap(value) ? at : [])));
  }

  #isMap(members: Members): boolean {
    const known = this.#maps.get(members) ?? isMap(members);
    this.#maps.set(members, known);
    return known;
  }
}

const own = (members: Members, name: string): ExactJson | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

function sameNumber(legacy: ExactJson, candidate: ExactJson): boolean {
  return (
    legacy instanceof JsonNumber && candidate instanceof JsonNumber && legacy.source === candidate.source
  );
}
