/**
 * One prepared statement of a plan, and the rows gathered for it. A row goes from its tuple straight into the
 * parameters; a module maps its rows on the way. TableApplier decides what is sent when.
 */
import type pg from 'pg';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { decodeTuple } from '../decode/tuple.ts';
import type { MappingModule, TextRow } from '../mapping/mapping-module.ts';
import { RowParameters } from './row-parameters.ts';
import type { ApplyStatement } from './statement-parts.ts';
import type { TargetSession } from './target-session.ts';

/** Called with the result: how many of the `expected` rows the statement matched. */
export type OnCount = (found: number, expected: number) => void;

const NO_PLACES: ReadonlyMap<string, number> = new Map();

export class RowStatement {
  readonly #statement: ApplyStatement;
  readonly #parameters: RowParameters;
  readonly #binding: RelationBinding;
  readonly #module: MappingModule | undefined;
  readonly #session: TargetSession;
  readonly #isReplaced: boolean;

  /** @param isReplaced by a rule, whose own statement PostgreSQL counts: none of these rows is written */
  constructor(
    statement: ApplyStatement,
    binding: RelationBinding,
    module: MappingModule | undefined,
    session: TargetSession,
    isReplaced = false,
  ) {
    this.#statement = statement;
    this.#binding = binding;
    this.#module = module;
    this.#session = session;
    this.#isReplaced = isReplaced;
    this.#parameters = new RowParameters(statement.inputs, module ? NO_PLACES : binding.columnPlaces);
  }

  /** Rows gathered since the last send. */
  get rows(): number {
    return this.#parameters.rows;
  }

  /** For plans without a module: needs no object for the row. */
  addPlace(bytes: Buffer, at: number): void {
    this.#parameters.appendTuple(bytes, at);
  }

  /** False when the module leaves the row out. */
  add({ bytes, at }: TuplePlace): boolean {
    if (!this.#module) {
      this.#parameters.appendTuple(bytes, at);
      return true;
    }
    const mapped = this.#module.forward(this.#asRow(bytes, at));
    if (mapped) this.#parameters.appendRow(mapped);
    return mapped !== undefined;
  }

  /** Adds only what determines the row's key on the target. */
  addKey({ bytes, at }: TuplePlace): void {
    if (!this.#module) {
      this.#parameters.appendTuple(bytes, at);
      return;
    }
    const row = this.#asRow(bytes, at);
    this.#parameters.appendRow(this.#module.forwardKey?.(row) ?? row);
  }

  /** Sends all of these in one statement. */
  sendRows(tuples: readonly TuplePlace[], onCount?: OnCount): void {
    for (const tuple of tuples) this.add(tuple);
    this.send(onCount);
  }

  /** Sends in one statement what determines the rows' keys on the target. */
  sendKeys(tuples: readonly TuplePlace[], onCount?: OnCount): void {
    for (const tuple of tuples) this.addKey(tuple);
    this.send(onCount);
  }

  /** Sends the gathered rows; does nothing without any. */
  send(onCount?: OnCount): void {
    const expected = this.rows;
    if (expected === 0) return;
    this.sendCopy(onCount && ((result) => onCount(this.#isReplaced ? 0 : (result.rowCount ?? 0), expected)));
    this.#parameters.reset();
  }

  /** Sends the gathered rows and keeps them for another statement with the same inputs. */
  sendCopy(onResult?: (result: pg.QueryResult) => void, statement = this.#statement): void {
    this.#session.send(statement.text, this.#parameters.finish(), statement.name, onResult);
  }

  /** Sends the gathered rows and passes on the rows of the result. */
  ask<Row>(onRows: (rows: readonly Row[]) => void): void {
    this.sendCopy((result) => onRows(result.rows as Row[]));
    this.#parameters.reset();
  }

  #asRow(bytes: Buffer, at: number): TextRow {
    const values = decodeTuple(bytes, at);
    return Object.fromEntries(
      this.#binding.relation.columns.map((column, place) => [column.name, values[place] ?? null]),
    );
  }
}
