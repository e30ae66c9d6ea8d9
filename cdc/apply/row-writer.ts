/**
 * Sends the statements of one plan: gathers rows into parameters, prepares each text once per connection, and says how
 * many rows it met. Decides nothing; what is sent in which case is TableApplier's.
 */
import type { TuplePlace } from '../batch/compose-tuple.ts';
import { columnSet } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { decodeTuple } from '../decode/tuple.ts';
import type { TextRow } from '../mapping/mapping-module.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import {
  deleteStatement,
  insertStatement,
  moveStatement,
  probeStatement,
  unwantedStatement,
  updateStatement,
  upsertStatement,
} from './apply-statements.ts';
import { RowParameters } from './row-parameters.ts';
import type { ApplyStatement } from './statement-parts.ts';
import type { TargetSession } from './target-session.ts';

/** Called with the answer: how many rows the statement met, of how many. */
export type OnCount = (found: number, expected: number) => void;

export interface GatheredRows {
  readonly statement: ApplyStatement;
  readonly parameters: RowParameters;
}

/** A row of the source as the target would key it. */
export interface ProbedRow {
  /** `id=5` */
  readonly key: string;
  readonly found: boolean;
}

const NO_PLACES: ReadonlyMap<string, number> = new Map();

export class RowWriter {
  readonly plan: TablePlan;
  readonly #binding: RelationBinding;
  readonly #session: TargetSession;
  readonly #prepared = new Map<string, GatheredRows | undefined>();

  constructor(plan: TablePlan, binding: RelationBinding, session: TargetSession) {
    this.plan = plan;
    this.#binding = binding;
    this.#session = session;
  }

  get inserts(): GatheredRows {
    return this.#prepare('insert', insertStatement);
  }

  get upserts(): GatheredRows {
    return this.#prepare('upsert', upsertStatement);
  }

  /** Undefined when the target's rows are nothing but their keys. */
  get updates(): GatheredRows | undefined {
    return this.#prepareIfAny('update', updateStatement);
  }

  insertTuples(tuples: readonly TuplePlace[]): void {
    for (const tuple of tuples) this.gather(this.inserts, tuple);
    this.flush(this.inserts);
  }

  /** Of a module's rows those that it leaves behind are removed. */
  upsertTuples(tuples: readonly TuplePlace[]): void {
    const unwanted = tuples.filter((tuple) => !this.gather(this.upserts, tuple));
    this.deleteTuples(unwanted);
    this.flushUpserts();
  }

  updateTuples(tuples: readonly TuplePlace[], onCount?: OnCount): void {
    if (tuples.length === 0) return;
    const { updates } = this;
    if (!updates) {
      if (onCount) this.countMissing(tuples, onCount);
      return;
    }
    for (const tuple of tuples) this.gather(updates, tuple);
    this.flush(updates, onCount);
  }

  /** Tuples with the same column set. */
  updatePartial(tuples: readonly TuplePlace[], sent: ReadonlySet<string>, onCount?: OnCount): void {
    const { bytes, at } = tuples[0]!;
    const update = this.#prepareIfAny(`update ${columnSet(bytes, at)}`, (plan) =>
      updateStatement(plan, sent),
    );
    if (!update) {
      if (onCount) this.countMissing(tuples, onCount);
      return;
    }
    for (const tuple of tuples) update.parameters.appendTuple(tuple.bytes, tuple.at);
    this.flush(update, onCount);
  }

  deleteTuples(tuples: readonly TuplePlace[], onCount?: OnCount): void {
    if (tuples.length === 0) return;
    const deletes = this.#prepare('delete', deleteStatement);
    this.#gatherKeys(deletes, tuples);
    this.flush(deletes, onCount);
  }

  /** Moves a row to another key where the target alone knows all of its values. */
  move(oldRow: TuplePlace, newRow: TuplePlace, sent: ReadonlySet<string>, onCount?: OnCount): void {
    const statement = moveStatement(this.plan, sent);
    const { columnPlaces } = this.#binding;
    const old = new RowParameters(statement.inputs.slice(0, statement.old), columnPlaces);
    const rest = new RowParameters(statement.inputs.slice(statement.old), columnPlaces);
    old.appendTuple(oldRow.bytes, oldRow.at);
    rest.appendTuple(newRow.bytes, newRow.at);
    this.#session.send(statement.text, [...old.finish(), ...rest.finish()], statement.name, (result) =>
      onCount?.(result.rowCount ?? 0, 1),
    );
  }

  /** Adds a row; false when the module leaves it behind. */
  gather({ parameters }: GatheredRows, { bytes, at }: TuplePlace): boolean {
    const { module } = this.plan;
    if (!module) {
      parameters.appendTuple(bytes, at);
      return true;
    }
    const mapped = module.forward(this.#asRow(bytes, at));
    if (mapped) parameters.appendRow(mapped);
    return mapped !== undefined;
  }

  flush({ statement, parameters }: GatheredRows, onCount?: OnCount): void {
    const expected = parameters.rows;
    if (expected === 0) return;
    this.#session.send(
      statement.text,
      parameters.finish(),
      statement.name,
      onCount && ((result) => onCount(result.rowCount ?? 0, expected)),
    );
    parameters.reset();
  }

  /** With a condition: rows that no longer meet it go first, unless their old rows have come and taken them along. */
  flushUpserts(): void {
    const { upserts } = this;
    if (this.plan.rows && !this.plan.rows.onIdentity && upserts.parameters.rows > 0) {
      const { statement } = this.#prepare('unwanted', unwantedStatement);
      this.#session.send(statement.text, upserts.parameters.finish(), statement.name);
    }
    this.flush(upserts);
  }

  /** Calls back when the target has rows that it should not have. */
  expectNone(tuples: readonly TuplePlace[], onFound: () => void): void {
    this.#sendProbe('there', tuples, (rows) => {
      if (rows.length > 0) onFound();
    });
  }

  /** The keys of the rows on the target, and which of them it has. */
  async probe(tuples: readonly TuplePlace[], which: 'all' | 'there' | 'missing'): Promise<ProbedRow[]> {
    let probed: ProbedRow[] = [];
    this.#sendProbe(which, tuples, (rows) => {
      probed = rows.map(({ key, found }) => ({ key: this.#describeKey(key), found }));
    });
    await this.#session.settle();
    return probed;
  }

  /** Waits until the target has answered everything that was sent. */
  settle(): Promise<void> {
    return this.#session.settle();
  }

  /** Counts without writing. */
  countMissing(tuples: readonly TuplePlace[], onCount: OnCount): void {
    this.#sendProbe('missing', tuples, (rows) => onCount(tuples.length - rows.length, tuples.length));
  }

  #sendProbe(
    which: 'all' | 'there' | 'missing',
    tuples: readonly TuplePlace[],
    onRows: (rows: readonly { key: string[]; found: boolean }[]) => void,
  ): void {
    if (tuples.length === 0) return;
    const { statement, parameters } = this.#prepare(`probe ${which}`, (plan) => probeStatement(plan, which));
    this.#gatherKeys({ statement, parameters }, tuples);
    this.#session.send(statement.text, parameters.finish(), statement.name, (result) =>
      onRows(result.rows as { key: string[]; found: boolean }[]),
    );
    parameters.reset();
  }

  #gatherKeys({ parameters }: GatheredRows, tuples: readonly TuplePlace[]): void {
    const { module } = this.plan;
    for (const { bytes, at } of tuples) {
      if (!module) parameters.appendTuple(bytes, at);
      else {
        const row = this.#asRow(bytes, at);
        parameters.appendRow(module.forwardKey?.(row) ?? row);
      }
    }
  }

  #describeKey(values: readonly string[]): string {
    // All of its values: those are not for messages.
    if (this.plan.key.kind === 'whole-row') return 'a row without a key';
    const names = this.plan.columns.filter((column) => this.plan.key.columns.includes(column.name));
    return names.map((column, place) => `${column.name}=${values[place] ?? 'null'}`).join(', ');
  }

  #asRow(bytes: Buffer, at: number): TextRow {
    const values = decodeTuple(bytes, at);
    return Object.fromEntries(
      this.#binding.relation.columns.map((column, place) => [column.name, values[place] ?? null]),
    );
  }

  #prepare(key: string, make: (plan: TablePlan) => ApplyStatement): GatheredRows {
    return this.#prepareIfAny(key, make) as GatheredRows;
  }

  #prepareIfAny(
    key: string,
    make: (plan: TablePlan) => ApplyStatement | undefined,
  ): GatheredRows | undefined {
    if (!this.#prepared.has(key)) {
      const statement = make(this.plan);
      const places = this.plan.module ? NO_PLACES : this.#binding.columnPlaces;
      this.#prepared.set(
        key,
        statement && { statement, parameters: new RowParameters(statement.inputs, places) },
      );
    }
    return this.#prepared.get(key);
  }
}
