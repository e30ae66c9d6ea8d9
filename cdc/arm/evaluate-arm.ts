/**
 * What stands in the way of a cutover or rollback, from what was read of both sides. An `error` lets it refuse; a
 * `warning` is to be read before. Pure.
 */
import { STREAM_SCHEMA } from '@ficus/core';
import { STATE_TABLES_SQL } from '../apply/state-schema.ts';
import { FENCE_SCHEMA } from '../catalog/fence-triggers-sql.ts';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { Finding } from '../preflight/finding.ts';
import { ownSchemaSql } from '../preflight/own-schema-sql.ts';
import type { ArmFacts, InboundReference, SideFacts, SilentTrigger } from './arm-facts.ts';
import type { ConstraintGap } from './compare-constraints.ts';
import { evaluateServerSettings } from './evaluate-settings.ts';
import { evaluateTransactions } from './evaluate-transactions.ts';
import { evaluateWriters } from './evaluate-writers.ts';

export function evaluateArm({ oldOwner, newOwner, inboundKeys, silentTriggers, gaps }: ArmFacts): Finding[] {
  return [
    // The stream from the new owner is the way back: for a cutover it is made at arm, for a rollback it runs.
    ...evaluateTransactions(oldOwner, false),
    ...evaluateTransactions(newOwner, !newOwner.settings.hasSlot),
    ...evaluateWriters(oldOwner),
    ...inboundKeys.map((key) => describeInbound(key, oldOwner)),
    ...silentTriggers.map((trigger) => describeSilent(trigger, oldOwner)),
    ...[oldOwner, newOwner].flatMap(evaluateDdl),
    ...[oldOwner, newOwner].flatMap(evaluateTree),
    ...[oldOwner, newOwner].flatMap(evaluateDumpers),
    ...evaluatePublished(oldOwner),
    ...evaluateServerSettings(oldOwner, newOwner),
    ...gaps.map((gap) => describeGap(gap, oldOwner, newOwner)),
  ];
}

/** What writes by itself, or changes tables while a fence stands. */
function evaluateDdl({ path, side, subscriptions, eventTriggers, partitioned }: SideFacts): Finding[] {
  return [
    ...subscriptions.map(
      ({ subscription, table }): Finding => ({
        severity: 'error',
        path,
        code: 'FICUS_ARM_SUBSCRIPTION',
        message: `Subscription “${subscription}” writes “${table}” of the ${side} from another database: a fence stops it with an error, again and again.`,
        remedySql: `ALTER SUBSCRIPTION ${quoteIdentifier(subscription)} DISABLE; ALTER SUBSCRIPTION ${quoteIdentifier(subscription)} SET (slot_name = NONE); DROP SUBSCRIPTION ${quoteIdentifier(subscription)}; -- then drop its slot on the publisher`,
      }),
    ),
    ...eventTriggers.map(
      ({ name, event }): Finding => ({
        severity: 'warning',
        path,
        code: 'FICUS_ARM_DDL',
        message: `Event trigger “${name}” of the ${side} runs at ${event}, also when the fence’s triggers are made: if it refuses them, there is no fence.`,
        remedySql: `ALTER EVENT TRIGGER ${quoteIdentifier(name)} DISABLE; -- while the fence is installed, if it refuses it`,
      }),
    ),
    ...partitioned.map(
      (table): Finding => ({
        severity: 'warning',
        path,
        code: 'FICUS_ARM_DDL',
        message: `“${table}” of the ${side} is partitioned: a partition that is created or attached after the fence was installed has no fence, and the cutover refuses until it has. Pause the job that makes partitions.`,
      }),
    ),
  ];
}

/** A parent, or another child of it, is refused with the slice’s table, though its rows stay where they are. */
function evaluateTree({ path, side, alsoFenced }: SideFacts): Finding[] {
  return alsoFenced.map((table) => ({
    severity: 'error',
    path,
    code: 'FICUS_ARM_TREE',
    message: `“${table}” of the ${side} shares a tree of inheritance or partitions with a table of the slice, and is not in it: the fence covers whole trees, so that writes to it are refused, too.`,
  }));
}

function evaluateDumpers({ path, side, dumpers }: SideFacts): Finding[] {
  return dumpers.map((role) => ({
    severity: 'warning',
    path,
    code: 'FICUS_CDC_PRIVILEGE',
    message: `Role “${role}” reads every table of the ${side}, but not all that Ficus keeps there (schemas ${STREAM_SCHEMA} and ${FENCE_SCHEMA}): a dump of the database by this role fails once they exist.`,
    remedySql: `GRANT pg_read_all_data TO ${quoteIdentifier(role)}; -- in all databases of the server`,
  }));
}

/** The stream back keeps its state in ordinary tables here. */
function evaluatePublished({ path, side, role, publishAll }: SideFacts): Finding[] {
  return publishAll.map((publication) => ({
    severity: 'error',
    path,
    code: 'FICUS_ARM_PUBLICATION',
    message: `Publication “${publication}” of the ${side} sends all tables: the stream back keeps its state in ${STREAM_SCHEMA}.checkpoint there, and a subscription of PostgreSQL without that table stops with an error, which keeps WAL until the disk is full.`,
    remedySql: `-- on the database of each subscription, then here:\n${STATE_TABLES_SQL}\n-- here alone:\n${ownSchemaSql(STREAM_SCHEMA, role)}`,
  }));
}

/** After the change of owner the rows that a table outside refers to come by the stream. */
function describeInbound(
  { name, table, references, onDelete, acts }: InboundReference,
  old: SideFacts,
): Finding {
  const keeps = onDelete === 'no action' || onDelete === 'restrict';
  const deleted = acts
    ? keeps
      ? 'one that it refers to cannot be deleted there, and the stream back stops when the new owner does'
      : `its own rows follow when the stream deletes one (${onDelete})`
    : keeps
      ? 'when the stream deletes one, its own rows refer to nothing'
      : `when the stream deletes one, its own rows stay and refer to nothing: “${onDelete}” is not carried out`;
  return {
    severity: 'warning',
    path: old.path,
    code: 'FICUS_ARM_CONSTRAINT',
    message: `“${table}” of the ${old.side} refers to “${references}” (foreign key “${name}”), whose rows come by the stream once another database owns them: a new one may arrive too late to be referred to, and ${deleted}. A TRUNCATE of it by its new owner stops the stream back.`,
  };
}

function describeSilent({ name, table, tableSql }: SilentTrigger, { path, side }: SideFacts): Finding {
  return {
    severity: 'warning',
    path,
    code: 'FICUS_ARM_TRIGGER',
    message: `Trigger “${name}” of “${table}” on the ${side} no longer runs once another database owns the table: its rows then come by the stream, which fires no such trigger. What it keeps elsewhere (counters, an audit, notifications) stands still.`,
    remedySql: `ALTER TABLE ${tableSql} ENABLE ALWAYS TRIGGER ${quoteIdentifier(name)}; -- if it writes no table of the slice; otherwise let the service do what it did`,
  };
}

function describeGap(gap: ConstraintGap, oldOwner: SideFacts, newOwner: SideFacts): Finding {
  const { path, table, columns, what, certainty, unchecked } = gap;
  const [strict, loose] = [oldOwner.side, newOwner.side];
  const names = columns.map((column) => `${table}.${column}`).join('”, “');
  const refuses = `“${names}” of the ${strict} refuses ${what}, which the ${loose} accepts`;
  const finding = { severity: 'warning', path, code: 'FICUS_ARM_CONSTRAINT' } as const;
  if (certainty === 'possible')
    return {
      ...finding,
      message: `Expressions of the mapping make columns of “${table}” on the ${strict} that must fit: ${what}. A row of the ${loose} from which they make anything else stops the stream back.`,
    };
  return {
    ...finding,
    message: unchecked
      ? `${refuses}: the stream back writes such a row all the same, since foreign keys are not checked for it, and it refers to nothing there.`
      : `${refuses}: such a row of the ${loose} stops the stream back.`,
  };
}
