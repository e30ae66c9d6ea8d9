/** The statements of one plan, each prepared once per connection and only when needed. */
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import type { Intercept } from '../catalog/database-catalog.ts';
import { isReplaced } from '../mapping/find-intercepts.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import {
  deleteStatement,
  insertStatement,
  moveStatement,
  probeStatement,
  unwantedStatement,
  updateStatement,
  upsertStatement,
  wantedStatement,
} from './apply-statements.ts';
import { RowParameters } from './row-parameters.ts';
import { type OnCount, RowStatement } from './row-statement.ts';
import { type ApplyStatement, settable } from './statement-parts.ts';
import type { TargetSession } from './target-session.ts';

/** Which probed rows to return: all, each with whether it exists; those that exist, or a few of them; a few that do not. */
export type ProbeKind = 'all' | 'all there' | 'there' | 'missing';

type Operation = Intercept['on'][number];

export class PlanStatements {
  readonly plan: TablePlan;
  readonly session: TargetSession;
  readonly #binding: RelationBinding;
  #unwanted: ApplyStatement | undefined;
  #wanted: ApplyStatement | undefined;
  readonly #prepared = new Map<string, RowStatement | undefined>();

  constructor(plan: TablePlan, binding: RelationBinding, session: TargetSession) {
    this.plan = plan;
    this.session = session;
    this.#binding = binding;
  }

  get inserts(): RowStatement {
    return this.#always('insert', insertStatement, 'insert');
  }

  get upserts(): RowStatement {
    return this.#always('upsert', upsertStatement, 'insert');
  }

  /** Undefined when the target's rows consist of their keys alone. */
  get updates(): RowStatement | undefined {
    return this.#prepare('update', updateStatement, 'update');
  }

  get deletes(): RowStatement {
    return this.#always('delete', deleteStatement, 'delete');
  }

  /** For rows of which only these columns were sent; undefined when none of them can be set. @param set names them */
  partialUpdates(set: string, sent: ReadonlySet<string>): RowStatement | undefined {
    return this.#prepare(`update ${set}`, (plan) => updateStatement(plan, sent), 'update');
  }

  probes(kind: ProbeKind): RowStatement {
    return this.#always(`probe ${kind}`, (plan) => probeStatement(plan, kind));
  }

  /** An upsert leaves rows that exist as they are, and does not count them. */
  get ignoresExisting(): boolean {
    return settable(this.plan).length === 0;
  }

  /** Sends the rows gathered for `inserts`. */
  sendInserts(onCount?: OnCount): void {
    this.#sendCounted(this.inserts, onCount);
  }

  /** With a condition, rows that do not meet it are not expected to be written. */
  #sendCounted(rows: RowStatement, onCount: OnCount | undefined): void {
    let wanted: number | undefined;
    if (onCount && this.plan.rows && rows.rows > 0) {
      this.#wanted ??= wantedStatement(this.plan);
      rows.sendCopy((result) => {
        wanted = Number(result.rows[0]?.wanted);
      }, this.#wanted);
    }
    rows.send(onCount && ((found, sent) => onCount(found, wanted ?? sent)));
  }

  /**
   * With a condition: first removes rows that no longer meet it, unless their old rows were sent and already removed
   * them.
   */
  sendUpserts(onCount?: OnCount): void {
    const { upserts } = this;
    if (this.plan.rows && !this.plan.rows.onIdentity && upserts.rows > 0) {
      this.#unwanted ??= unwantedStatement(this.plan);
      upserts.sendCopy(undefined, this.#unwanted);
    }
    this.#sendCounted(upserts, onCount);
  }

  /** Makes the target's rows equal, whether or not it has them. Removes rows that a module leaves out. */
  upsertRows(tuples: readonly TuplePlace[], onCount?: OnCount): void {
    for (const tuple of tuples) if (!this.upserts.add(tuple)) this.deletes.addKey(tuple);
    this.deletes.send();
    this.sendUpserts(onCount);
  }

  /** Moves a row to another key when only the target knows all of its values. */
  moveRow(oldRow: TuplePlace, newRow: TuplePlace, sent: ReadonlySet<string>, onCount?: OnCount): void {
    const statement = moveStatement(this.plan, sent);
    const { columnPlaces } = this.#binding;
    const old = new RowParameters(statement.inputs.slice(0, statement.old), columnPlaces);
    const rest = new RowParameters(statement.inputs.slice(statement.old), columnPlaces);
    old.appendTuple(oldRow.bytes, oldRow.at);
    rest.appendTuple(newRow.bytes, newRow.at);
    this.session.send(statement.text, [...old.finish(), ...rest.finish()], statement.name, (result) =>
      onCount?.(isReplaced(this.plan, 'update', this.session.replicaRole) ? 0 : (result.rowCount ?? 0), 1),
    );
  }

  #always(key: string, make: (plan: TablePlan) => ApplyStatement, writes?: Operation): RowStatement {
    return this.#prepare(key, make, writes) as RowStatement;
  }

  #prepare(
    key: string,
    make: (plan: TablePlan) => ApplyStatement | undefined,
    writes: Operation | undefined,
  ): RowStatement | undefined {
    const { plan, session } = this;
    if (!this.#prepared.has(key)) {
      const statement = make(plan);
      const replaced = writes !== undefined && isReplaced(plan, writes, session.replicaRole);
      this.#prepared.set(
        key,
        statement && new RowStatement(statement, this.#binding, plan.module, session, replaced),
      );
    }
    return this.#prepared.get(key);
  }
}
