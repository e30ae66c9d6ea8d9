/**
 * A pair of tables on its way to an entry of the config: which columns it carries, what was dropped from it, and why. The
 * preflight judges the entry; each objection takes a column out, or the whole pair.
 */
import type { TableConfig } from '@ficus/core';
import type { ColumnCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import type { MappingProblem } from '../mapping/mapping-problem.ts';
import { judgeTypeChange } from '../mapping/type-change.ts';
import type { ProposedTable, RefusedTable } from './mapping-proposal.ts';
import { type ColumnPair, matchColumns } from './match-columns.ts';
import type { TablePair } from './match-tables.ts';

export class DraftTable {
  readonly source: TableCatalog;
  readonly target: TableCatalog;
  readonly #pair: TablePair;
  #columns: readonly ColumnPair[];
  /** Target columns without a source, and why. */
  readonly #open: Map<string, string>;
  #refusal: Pick<RefusedTable, 'why' | 'remedySql'> | undefined;

  constructor(pair: TablePair, source: TableCatalog, target: TableCatalog) {
    const { pairs, open } = matchColumns(source, target);
    this.#pair = pair;
    this.source = source;
    this.target = target;
    this.#columns = pairs;
    this.#open = new Map(open);
    const [unwritable] = [source.qualifiedName, target.qualifiedName].filter((name) => !isWritable(name));
    if (unwritable !== undefined) this.refuse({ message: `the name “${unwritable}” cannot be written` });
    for (const { from, to } of pairs)
      if (!isWritable(from.name) || !isWritable(to.name)) this.drop(to.name, 'its name cannot be written');
    // A part of a name proves little: the columns have to agree.
    if (pair.likeness === 'prefix' && this.#columns.length * 2 < target.columns.length)
      this.refuse({ message: 'only a part of their names is alike, and few of their columns' });
  }

  get columns(): readonly ColumnPair[] {
    return this.#columns;
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Takes a target column out of the mapping. @returns false where it is not in it */
  drop(column: string, why: string): boolean {
    const kept = this.#columns.filter(({ to }) => to.name !== column);
    if (kept.length === this.#columns.length) return false;
    this.#columns = kept;
    this.#open.set(column, why);
    return true;
  }

  refuse({ message, remedySql }: Pick<MappingProblem, 'message' | 'remedySql'>): void {
    this.#refusal ??= { why: message, ...(remedySql !== undefined && { remedySql }) };
  }

  /** As parsed from the config. */
  get config(): TableConfig {
    const { columns, omit } = this.#entry();
    return {
      from: this.source.qualifiedName,
      to: this.target.qualifiedName,
      ...(columns && { columns }),
      ...(omit && { omit: [...omit] }),
    };
  }

  /** @param warnings of the preflight, which accepts the entry */
  propose(warnings: readonly string[]): ProposedTable {
    return {
      from: written(this.source),
      to: written(this.target),
      ...this.#entry(),
      guesses: this.#guesses(),
      questions: [...this.#questions(), ...warnings],
    };
  }

  proposeRefused(): RefusedTable {
    return { ...this.propose([]), why: 'it was refused', ...this.#refusal };
  }

  #entry(): Pick<ProposedTable, 'columns' | 'omit'> {
    const omit = this.#left().map(({ name }) => name);
    if (this.#columns.every(({ from, to }) => from.name === to.name)) return omit.length > 0 ? { omit } : {};
    // `omit`, even empty: a column that neither names would stay behind in silence.
    return { columns: Object.fromEntries(this.#columns.map(({ from, to }) => [to.name, from.name])), omit };
  }

  /** Source columns that stay behind; one that both sides generate is computed again. */
  #left(): ColumnCatalog[] {
    const carried = new Set(this.#columns.map(({ from }) => from.name));
    const generated = new Set(
      this.target.columns.filter((column) => column.generated).map(({ name }) => name),
    );
    return this.source.columns.filter(
      (column) => !carried.has(column.name) && !(column.generated && generated.has(column.name)),
    );
  }

  #guesses(): string[] {
    const { likeness } = this.#pair;
    const columns = this.#columns.filter((column) => column.likeness !== 'same');
    return [
      ...(likeness === 'same' ? [] : [`the tables belong together by name: ${HOW[likeness]}`]),
      ...columns.map(
        ({ from, to, likeness }) => `“${to.name}” is made from “${from.name}”: ${HOW[likeness]}`,
      ),
    ];
  }

  #questions(): string[] {
    const open = [...this.#open].map(([name, why]) => `“${name}” of the service is not filled: ${why}`);
    const left = this.#left()
      .filter(({ name }) => !this.#open.has(name))
      .map(({ name, type }) => `“${name}” (${type}) of the monolith stays behind: does the service need it?`);
    const fits = this.#columns
      .filter(({ from, to }) => !['same', 'widening'].includes(judgeTypeChange(from, to)))
      .map(
        ({ from, to }) =>
          `“${from.name}” is ${from.type} in the monolith and ${to.type} in the service: does every value fit?`,
      );
    return [...open, ...left, ...fits];
  }
}

const HOW = {
  same: 'they have one name',
  spelling: 'one name in two spellings',
  number: 'singular and plural',
  prefix: 'one name is the end of the other',
  table: 'one has the table’s name before it',
} as const;

/** As `from` and `to` are written in ficus.yaml: quotes only where the name has a dot. */
function written({ schema, name }: TableCatalog): string {
  return `${schema}.${name.includes('.') ? `"${name}"` : name}`;
}

/** The config has no notation for these, or reads a reference to the environment in them. */
const isWritable = (name: string): boolean => !/["\0]|\$\{/.test(name);
