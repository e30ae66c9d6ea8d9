/** What a slice's tables mean for copy and stream: pure decisions on the catalogs and the privileges. */
import { formatPath } from '@ficus/core';
import type { DatabaseCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier, quoteQualified } from '../catalog/quote.ts';
import { findIntercepts } from '../mapping/find-intercepts.ts';
import type { MappingProblem } from '../mapping/mapping-problem.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { evaluateDeferrable } from './evaluate-deferrable.ts';
import { evaluateNulls, evaluateReferences } from './evaluate-references.ts';
import type { Finding } from './finding.ts';

/** What a role may do with a table. */
export interface TablePrivileges {
  readonly role: string;
  readonly usage: boolean;
  readonly select: boolean;
  readonly insert: boolean;
  readonly update: boolean;
  readonly delete: boolean;
  readonly truncate: boolean;
  /** Schemas of the table's types that the role may not use. */
  readonly closedTypeSchemas: readonly string[];
  /** Owner, or member of the owner role: may add the table to a publication. */
  readonly owns: boolean;
}

/** Problems of the mapping as findings. */
export function findingOf(problem: MappingProblem): Finding {
  return {
    severity: 'error',
    path: formatPath(problem.path),
    code: problem.code,
    message: endSentence(problem.message),
    ...(problem.remedySql === undefined ? {} : { remedySql: problem.remedySql }),
  };
}

/** Findings about a table that can be streamed but has peculiarities worth knowing. */
export function evaluatePlan(
  plan: TablePlan,
  source: DatabaseCatalog,
  target: DatabaseCatalog,
  mayReplicaRole: boolean,
): Finding[] {
  const from = source.tables.get(plan.source.qualifiedName);
  const to = target.tables.get(plan.target.qualifiedName);
  if (!from || !to) return [];
  return [
    ...evaluateSourceTable(plan, from),
    ...evaluateOrder(plan),
    ...evaluateDeferrable(plan, from, to),
    ...evaluateNulls(plan, from, to),
    ...evaluateReferences(plan, to, target, mayReplicaRole),
    ...evaluateIntercepts(plan, mayReplicaRole),
    ...(mayReplicaRole ? [] : evaluateTriggers(plan, to, target)),
  ];
}

function evaluateSourceTable(plan: TablePlan, from: TableCatalog): Finding[] {
  const path = formatPath([...plan.path, 'from']);
  const findings: Finding[] = [];
  if (plan.source.keyColumns.length === 0 || plan.key.kind === 'whole-row') {
    const side = plan.source.keyColumns.length === 0 ? plan.source : plan.target;
    const search =
      plan.key.kind === 'whole-row' ? '; afterwards each change looks for its row by all columns' : '';
    findings.push({
      severity: 'warning',
      path,
      code: 'FICUS_CDC_REPLICA_IDENTITY',
      message: `“${side.qualifiedName}” has no key: the table is copied in one piece, for which the source needs one more slot and sender, and its changes wait for the copy${search}. A primary key would do away with that.`,
    });
  }
  if (from.kind === 'partitioned') {
    findings.push({
      severity: 'warning',
      path,
      code: 'FICUS_CDC_PARTITIONED',
      message: `“${from.qualifiedName}” is partitioned: TRUNCATE, DETACH and DROP of a single partition are not in the stream, and one that is attached with rows stops it.${
        from.replicaIdentity.kind === 'full'
          ? ' A new partition has to be given REPLICA IDENTITY FULL itself, or PostgreSQL refuses its updates.'
          : ''
      }`,
    });
  }
  return findings;
}

function evaluateOrder(plan: TablePlan): Finding[] {
  if (plan.inOrderReasons.length === 0) return [];
  const message = `Changes of “${plan.target.qualifiedName}” are applied one by one, in order: ${plan.inOrderReasons.join('; ')}.`;
  return [{ severity: 'warning', path: formatPath(plan.path), code: 'FICUS_CDC_APPLY_IN_ORDER', message }];
}

/** What may leave out rows that the stream writes: PostgreSQL would not say so. */
function evaluateIntercepts(plan: TablePlan, mayReplicaRole: boolean): Finding[] {
  const { target } = plan;
  const operations = ['insert', 'update', 'delete'] as const;
  const names = new Set(operations.flatMap((on) => findIntercepts(plan, on, mayReplicaRole)));
  const outcome = target.mayLeaveOut
    ? 'the config allows it (mayLeaveOut), and ficus verify then shows the rows as differences'
    : 'a row left out stops the stream (FICUS_CDC_LEFT_OUT)';
  return [...names].map((name) => ({
    severity: 'warning',
    path: formatPath([...plan.path, 'to']),
    code: 'FICUS_CDC_LEFT_OUT',
    message: `${name.charAt(0).toUpperCase()}${name.slice(1)} of “${target.qualifiedName}” acts on replicated rows and may leave them out: ${outcome}.`,
  }));
}

/** Without session_replication_role, the table's triggers and foreign keys apply to replicated rows a second time. */
function evaluateTriggers(plan: TablePlan, to: TableCatalog, target: DatabaseCatalog): Finding[] {
  const path = formatPath([...plan.path, 'to']);
  const code = 'FICUS_CDC_TARGET_TRIGGERS';
  const triggers = to.triggers.filter((trigger) => trigger.fires === 'origin' || trigger.fires === 'always');
  const strict = to.foreignKeys.filter((foreignKey) => !foreignKey.deferrable);
  const set = `GRANT SET ON PARAMETER session_replication_role TO ${quoteIdentifier(target.role)};`;
  return [
    ...triggers.map(
      (trigger): Finding => ({
        severity: 'warning',
        path,
        code,
        message: `Trigger “${trigger.name}” of “${to.qualifiedName}” fires for each replicated row: the role may not set session_replication_role.`,
        remedySql: set,
      }),
    ),
    ...strict.map((foreignKey): Finding => {
      const mapped = target.tables.has(foreignKey.references);
      const why = mapped
        ? 'rows may come before what they point to'
        : 'what it points to is not part of the slice';
      return {
        severity: mapped ? 'warning' : 'error',
        path,
        code,
        message: `Foreign key “${foreignKey.name}” of “${to.qualifiedName}” is checked for each replicated row, and ${why}.`,
        remedySql: `${set}\nALTER TABLE ${quoteQualified(to.schema, to.name)} ALTER CONSTRAINT ${quoteIdentifier(foreignKey.name)} DEFERRABLE INITIALLY DEFERRED; -- or this`,
      };
    }),
  ];
}

/**
 * Privileges on a source table.
 * @param published whether a publication of ours already includes the table
 * @param publication SQL that creates it
 */
export function evaluateSourcePrivileges(
  plan: TablePlan,
  privileges: TablePrivileges,
  published: boolean,
  publication: string,
): Finding[] {
  const findings: Finding[] = [];
  const path = formatPath([...plan.path, 'from']);
  const role = quoteIdentifier(privileges.role);
  if (!privileges.usage)
    findings.push(
      lacks(
        path,
        privileges.role,
        `USAGE on schema “${plan.source.schema}” of the source`,
        `GRANT USAGE ON SCHEMA ${quoteIdentifier(plan.source.schema)} TO ${role};`,
      ),
    );
  findings.push(...lacksTypes(path, privileges, 'source'));
  if (!privileges.select)
    findings.push(
      lacks(
        path,
        privileges.role,
        `SELECT on “${plan.source.qualifiedName}” of the source`,
        `GRANT SELECT ON ${plan.source.sql} TO ${role};`,
      ),
    );
  if (!privileges.owns && !published) {
    findings.push({
      severity: 'error',
      path,
      code: 'FICUS_CDC_PRIVILEGE',
      message: `Role “${privileges.role}” does not own “${plan.source.qualifiedName}”, so it cannot publish it; the owner has to, once.`,
      remedySql: publication,
    });
  }
  return findings;
}

/** Privileges on a target table. */
export function evaluateTargetPrivileges(plan: TablePlan, privileges: TablePrivileges): Finding[] {
  const path = formatPath([...plan.path, 'to']);
  const role = quoteIdentifier(privileges.role);
  const missing = (['select', 'insert', 'update', 'delete', 'truncate'] as const).filter(
    (name) => !privileges[name],
  );
  return [
    ...(privileges.usage
      ? []
      : [
          lacks(
            path,
            privileges.role,
            `USAGE on schema “${plan.target.schema}” of the target`,
            `GRANT USAGE ON SCHEMA ${quoteIdentifier(plan.target.schema)} TO ${role};`,
          ),
        ]),
    ...lacksTypes(path, privileges, 'target'),
    ...(missing.length === 0
      ? []
      : [
          lacks(
            path,
            privileges.role,
            `${missing.join(', ').toUpperCase()} on “${plan.target.qualifiedName}” of the target`,
            `GRANT ${missing.join(', ').toUpperCase()} ON ${plan.target.sql} TO ${role};`,
          ),
        ]),
  ];
}

function lacksTypes(path: string, { role, closedTypeSchemas }: TablePrivileges, side: string): Finding[] {
  return closedTypeSchemas.map((schema) =>
    lacks(
      path,
      role,
      `USAGE on schema “${schema}” of the ${side}, which has types of the table`,
      `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(role)};`,
    ),
  );
}

function lacks(path: string, role: string, what: string, remedySql: string): Finding {
  return {
    severity: 'error',
    path,
    code: 'FICUS_CDC_PRIVILEGE',
    message: `Role “${role}” lacks ${what}.`,
    remedySql,
  };
}

function endSentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
