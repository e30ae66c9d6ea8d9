/**
 * Both values of a difference as bounded texts, cut so that the place where they differ is visible, with stand-ins for
 * what may not be kept (`../redact/kept-values.ts`).
 */
import { isMap } from '../redact/field-name.ts';
import type { KeptValues, ShownPair } from '../redact/kept-values.ts';
import type { JsonStep } from '../rules/json-path.ts';
import type { Place } from '../rules/place.ts';
import { type ExactJson, isMembers, printExactJson } from './exact-json.ts';

/** Represents a missing value. */
export const ABSENT = '(absent)';

type Optional<Value> = Value | undefined;

const LONGEST = 160;
/** Room for the marks and quotes around a text of that length. */
const LONGEST_JSON = LONGEST + 8;
const BEFORE = 40;

/** Two header values or bodies. */
export function showTexts(
  kept: KeptValues,
  place: Place,
  legacy: Optional<string>,
  candidate: Optional<string>,
): ShownPair {
  const from = beginningOfCut(legacy ?? '', candidate ?? '');
  const show = (text: Optional<string>) => (text === undefined ? ABSENT : kept.text(place, cut(text, from)));
  return kept.tellApart([show(legacy), show(candidate)], () => [legacy ?? '', candidate ?? '']);
}

/** Two bodies that are no text: their sizes, and whether they are equal. */
export function showBytes(kept: KeptValues, legacy: Uint8Array, candidate: Uint8Array): ShownPair {
  const show = (bytes: Uint8Array) => `(${bytes.length} bytes, ${kept.standIns.tag(bytes)})`;
  return [show(legacy), show(candidate)];
}

/** Two JSON values. */
export function showJson(
  kept: KeptValues,
  steps: readonly JsonStep[],
  legacy: Optional<ExactJson>,
  candidate: Optional<ExactJson>,
): ShownPair {
  const texts = typeof legacy === 'string' && typeof candidate === 'string';
  const from = texts ? beginningOfCut(legacy, candidate) : 0;
  const show = (value: Optional<ExactJson>) =>
    value === undefined ? ABSENT : new JsonPrinter(kept, from).print(value, steps);
  return kept.tellApart([show(legacy), show(candidate)], () => [textOf(legacy), textOf(candidate)]);
}

/** Only scalars are shown alike: containers of one kind are compared member by member. */
const textOf = (value: Optional<ExactJson>) => (value === undefined ? '' : printExactJson(value));

/** Prints a value until the text is long enough; the rest of it is never visited. */
class JsonPrinter {
  readonly #kept: KeptValues;
  readonly #from: number;
  /** Of the value that is being printed; one list for all, since a document may be nested deep. */
  readonly #steps: JsonStep[] = [];
  #out = '';

  /** @param from where a string is cut */
  constructor(kept: KeptValues, from: number) {
    this.#kept = kept;
    this.#from = from;
  }

  print(value: ExactJson, steps: readonly JsonStep[]): string {
    this.#steps.push(...steps);
    this.#add(value);
    return this.#out.length > LONGEST_JSON ? `${this.#out.slice(0, LONGEST_JSON)}…` : this.#out;
  }

  #add(value: ExactJson): void {
    if (this.#out.length > LONGEST_JSON) return;
    if (Array.isArray(value)) this.#addItems(value);
    else if (isMembers(value)) this.#addMembers(value);
    else this.#out += this.#leaf(value);
  }

  #addItems(items: readonly ExactJson[]): void {
    this.#out += '[';
    for (const [index, item] of items.entries()) {
      if (this.#out.length > LONGEST_JSON) return;
      if (index > 0) this.#out += ',';
      this.#steps.push(index);
      this.#add(item);
      this.#steps.pop();
    }
    this.#out += ']';
  }

  #addMembers(members: Readonly<Record<string, ExactJson>>): void {
    const keysAreData = isMap(members);
    this.#out += '{';
    let separator = '';
    for (const name of Object.keys(members)) {
      if (this.#out.length > LONGEST_JSON) return;
      this.#steps.push(name);
      const shown = this.#kept.shows({ area: 'json', steps: this.#steps })
        ? name
        : this.#kept.name(name, keysAreData);
      this.#out += `${separator}${JSON.stringify(shown)}:`;
      this.#add(members[name]!);
      this.#steps.pop();
      separator = ',';
    }
    this.#out += '}';
  }

  #leaf(value: ExactJson): string {
    const place = { area: 'json', steps: this.#steps } as const;
    if (typeof value === 'string') return JSON.stringify(this.#kept.text(place, cut(value, this.#from)));
    return this.#kept.text(place, printExactJson(value));
  }
}

function beginningOfCut(legacy: string, candidate: string): number {
  // Values that fit are shown whole.
  if (Math.max(legacy.length, candidate.length) <= LONGEST) return 0;
  return Math.max(0, firstDifference(legacy, candidate) - BEFORE);
}

function cut(text: string, from: number): string {
  const piece = text.slice(from, from + LONGEST);
  return `${from > 0 ? '…' : ''}${piece}${from + LONGEST < text.length ? '…' : ''}`;
}

function firstDifference(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a.charCodeAt(at) !== b.charCodeAt(at)) return at;
  return length;
}
