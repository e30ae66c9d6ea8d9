/** Gathers rows, from tuples or from strings, into the `text[]` parameters of one statement, one per column. */
import { TextArray } from '../batch/text-array.ts';
import { NULL, readInt32, UNCHANGED } from '../decode/tuple.ts';
import type { TextRow } from '../mapping/mapping-module.ts';
import type { InputColumn } from '../mapping/table-plan.ts';

export class RowParameters {
  rows = 0;
  readonly #names: readonly string[];
  readonly #arrays: readonly TextArray[];
  /** Positions of the columns in a tuple, ascending, and the array that each goes to. */
  readonly #walk: readonly { readonly place: number; readonly array: TextArray }[];

  /** `places`: column name → position in the tuples; empty for rows of strings. */
  constructor(inputs: readonly InputColumn[], places: ReadonlyMap<string, number>) {
    this.#names = inputs.map((input) => input.name);
    this.#arrays = inputs.map(() => new TextArray());
    this.#walk = inputs
      .map((input, index) => ({ place: places.get(input.name) ?? -1, array: this.#arrays[index]! }))
      .filter((step) => step.place >= 0)
      .sort((a, b) => a.place - b.place);
  }

  appendTuple(bytes: Buffer, at: number): void {
    this.rows++;
    let next = at + 2;
    let column = 0;
    for (const { place, array } of this.#walk) {
      for (; column < place; column++) {
        const kind = bytes[next]!;
        next += kind === NULL || kind === UNCHANGED ? 1 : 5 + readInt32(bytes, next + 1);
      }
      array.appendField(bytes, next);
    }
  }

  appendRow(row: TextRow): void {
    this.rows++;
    for (const [index, name] of this.#names.entries()) this.#arrays[index]!.appendText(row[name] ?? null);
  }

  /** The parameters; they share memory with this object until `reset`. */
  finish(): Buffer[] {
    return this.#arrays.map((array) => array.finish());
  }

  reset(): void {
    this.rows = 0;
    for (const array of this.#arrays) array.reset();
  }
}
