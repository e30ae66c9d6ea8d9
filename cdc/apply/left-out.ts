/**
 * What the target's own triggers and rules leave out of what we write: PostgreSQL reports such a row like one that was
 * never there, so that counts alone must tell. Only tables where something may do so are looked at; on all others a
 * statement that succeeds has written its rows.
 */
import { FicusError } from '@ficus/core';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { Intercept } from '../catalog/database-catalog.ts';
import { acts, findForbidden } from '../mapping/find-intercepts.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { PlanStatements } from './plan-statements.ts';
import { countRows, countThere, findAny, probeRows } from './probe-rows.ts';
import type { OnCount } from './row-statement.ts';
import type { TargetCheck } from './target-check.ts';

type Operation = Intercept['on'][number];

/** Says that a row was left out, and what may have done it. */
export function describeLeftOut({ target }: TablePlan): string {
  const names = target.intercepts.filter(({ fires }) => fires !== 'disabled').map(({ name }) => name);
  return `is left out on the target: ${names.join(', ')} of ${target.qualifiedName} may leave out rows`;
}

/** Watches the statements of one plan for rows that are left out. */
export class LeftOut {
  readonly #statements: PlanStatements;
  readonly #inserts: boolean;
  readonly #updates: boolean;
  readonly #deletes: boolean;

  constructor(statements: PlanStatements) {
    this.#statements = statements;
    const { plan, session } = statements;
    const watches = (operation: Operation) => findForbidden(plan, operation, session.replicaRole).length > 0;
    this.#inserts = watches('insert');
    this.#updates = watches('update');
    this.#deletes = watches('delete');
  }

  /** Something may leave out rows, and the mapping does not mind. */
  get isAllowed(): boolean {
    const { plan, session } = this.#statements;
    return (
      plan.target.mayLeaveOut && plan.target.intercepts.some(({ fires }) => acts(fires, session.replicaRole))
    );
  }

  get watchesDeletes(): boolean {
    return this.#deletes;
  }

  /**
   * Of rows that are new. One that a trigger has put elsewhere, where the table still shows it, is not left out: asked
   * right after the statement, for later ones may remove it.
   */
  inserts(send: (onCount?: OnCount) => void, tuples: () => readonly TuplePlace[], check: TargetCheck): void {
    if (!this.#inserts) {
      send();
      return;
    }
    check.decisive = true;
    const { plan } = this.#statements;
    // Which rows a condition or module wants, and which of several equal ones is meant, no question can tell.
    const countAlone = plan.rows !== undefined || plan.module !== undefined || plan.key.kind === 'whole-row';
    let short = false;
    send((found, expected) => {
      short = found < expected;
      if (short && countAlone) this.#record(check, tuples);
    });
    if (countAlone) return;
    countRows(this.#statements, tuples(), (found, expected) => {
      if (short && found < expected) this.#record(check, tuples);
    });
  }

  /** Of rows that may be new or not. Undefined where nothing can be left out. */
  upserts(tuples: () => readonly TuplePlace[], check: TargetCheck): OnCount | undefined {
    if (!this.#inserts && !this.#updates) return undefined;
    if (this.#statements.ignoresExisting) return undefined;
    check.decisive = true;
    return (found, expected) => {
      if (found < expected) this.#record(check, tuples);
    };
  }

  /**
   * Of rows that the target should have: call before the UPDATE is sent, for what acts on it may also remove rows. A row
   * that was not there is `missing`, not left out. Undefined where neither is to be found.
   */
  updates(
    tuples: () => readonly TuplePlace[],
    check: TargetCheck,
    missing: OnCount | undefined,
  ): OnCount | undefined {
    if (!this.#updates) return missing;
    check.decisive = true;
    let there = 0;
    countThere(this.#statements, tuples(), (found) => {
      there = found;
    });
    return (found, expected) => {
      missing?.(there, expected);
      // Which of several were left as they are, no question can tell.
      if (found < there) this.#record(check, tuples, undefined);
    };
  }

  /**
   * Call after the DELETE was sent, where deletes are watched: a row that is still there was kept.
   * @param isShort whether the count of the DELETE was
   * @param onMissing called when it was, and none of the rows is there: they were not there before either
   */
  deletes(
    tuples: readonly TuplePlace[],
    check: TargetCheck,
    isShort: () => boolean,
    onMissing: () => void,
  ): void {
    if (tuples.length === 0) return;
    check.decisive = true;
    findAny(this.#statements, tuples, (isThere) => {
      if (!isShort()) return;
      if (isThere) this.#record(check, () => tuples, 'all there');
      else onMissing();
    });
  }

  /** @param likely which of several rows are likelier the ones; of one row the key is known */
  #record(
    check: TargetCheck,
    tuples: () => readonly TuplePlace[],
    likely: 'missing' | 'all there' | undefined = 'missing',
  ): void {
    const statements = this.#statements;
    check.conflicts.push({
      kind: 'left out',
      plan: statements.plan,
      keys: async () => {
        const asked = tuples();
        const kind = asked.length === 1 ? 'all' : likely;
        return kind ? (await probeRows(statements, asked, kind)).map(({ key }) => key) : [];
      },
      isExplained: async () => false,
    });
  }
}

/** For rows of a copy, which nothing but counts are known of. @param written rows that the target says were written */
export function refuseLeftOut(plan: TablePlan, replicaRole: boolean, written: number, rows: number): void {
  const intercepts = [
    ...new Set([
      ...findForbidden(plan, 'insert', replicaRole),
      ...findForbidden(plan, 'update', replicaRole),
    ]),
  ];
  if (written >= rows || intercepts.length === 0) return;
  const lost = rows - written;
  throw new FicusError(
    'FICUS_CDC_LEFT_OUT',
    `${lost.toLocaleString('en-US')} of ${rows.toLocaleString('en-US')} rows of ${plan.source.qualifiedName} that were copied at once were not written to ${plan.target.qualifiedName}: ${intercepts.join(', ')} there may leave out rows or put them elsewhere.`,
    { details: { targetTable: plan.target.qualifiedName, intercepts } },
  );
}
