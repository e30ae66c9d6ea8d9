/** What the sequences of a new owner mean for a cutover. Pure: on a plan, and on judgements of what was read. */
import type { ErrorCode } from '@ficus/core';
import { quoteIdentifier, quoteLiteral } from '../catalog/quote.ts';
import type { Finding } from '../preflight/finding.ts';
import type { Judgement } from './judge-sequence.ts';
import { rangeOfType, type SequenceFacts } from './sequence-facts.ts';
import { columnName, type PlannedSequence, type SequencePlan } from './sequence-plan.ts';

/** Below a tenth of its range, an end is near. */
const NEAR_END = 10n;

/**
 * @param judgements in the order of the plan; undefined for what cannot be read
 * @param mustBeAhead false before anything was set: then only what setting cannot do is found
 */
export function evaluateSequences(
  plan: SequencePlan,
  judgements: readonly (Judgement | undefined)[],
  mustBeAhead: boolean,
): Finding[] {
  return [
    ...plan.sequences.flatMap((planned, at) => {
      const judgement = judgements[at];
      return [
        ...evaluatePrivileges(plan, planned, judgement),
        ...(judgement ? evaluateValues(plan, planned, judgement, mustBeAhead) : []),
        ...evaluateProperties(plan, planned),
        ...evaluateColumns(plan, planned),
      ];
    }),
    ...evaluateTwins(plan),
    ...plan.unseen.map((unseen) =>
      found(
        plan,
        'FICUS_ARM_SEQUENCE_UNSEEN',
        `Where the values of “${columnName(unseen)}” come from cannot be seen: ${unseen.why}. After the change of owner, ${theOwner(plan)} must not give one that ${theOther(plan)} has given.`,
      ),
    ),
  ];
}

/** @param busy sequences with a cache that a transaction keeps from being taken back */
export function evaluateBusy(plan: SequencePlan, busy: readonly SequenceFacts[]): Finding[] {
  return busy.map(({ name, cache }) => ({
    ...found(
      plan,
      'FICUS_ARM_SEQUENCE_BEHIND',
      `Sequence “${name}” of ${theOwner(plan)} was not set: its sessions may hold up to ${cache} low values each in their caches, and an open transaction that has drawn from it keeps these from being taken back.`,
    ),
    severity: 'error',
  }));
}

const found = (plan: SequencePlan, code: ErrorCode, message: string, remedySql?: string): Finding => ({
  severity: 'warning',
  path: plan.paths[plan.newOwner],
  code,
  message,
  ...(remedySql !== undefined && { remedySql }),
});

const theOwner = ({ newOwner }: SequencePlan): string => `the ${newOwner}`;
const theOther = ({ oldOwner }: SequencePlan): string => `the ${oldOwner}`;

const usersOf = ({ columns }: PlannedSequence): string =>
  `“${[...new Set(columns.map(({ column }) => columnName(column)))].join('”, “')}”`;

function evaluatePrivileges(
  plan: SequencePlan,
  planned: PlannedSequence,
  judgement: Judgement | undefined,
): Finding[] {
  const { sequence, before } = planned;
  const role = quoteIdentifier(plan.roles[plan.newOwner]);
  const code = 'FICUS_ARM_SEQUENCE_PRIVILEGE';
  const mustSet = judgement === undefined || judgement.goal !== undefined;
  const own: Finding[] =
    sequence.maySelect && (sequence.mayUpdate || !mustSet)
      ? []
      : [
          {
            severity: 'error',
            path: plan.paths[plan.newOwner],
            code,
            message: `Role “${plan.roles[plan.newOwner]}” cannot ${sequence.maySelect ? 'set' : 'read and set'} sequence “${sequence.name}” of ${theOwner(plan)}, from which ${usersOf(planned)} draws.`,
            remedySql: grantSql(sequence, 'SELECT, UPDATE', role),
          },
        ];
  const others = before
    .filter(({ maySelect }) => !maySelect)
    .map(
      (old): Finding => ({
        severity: 'error',
        path: plan.paths[plan.oldOwner],
        code,
        message: `Role “${plan.roles[plan.oldOwner]}” cannot read sequence “${old.name}” of ${theOther(plan)}, which has given the keys of ${usersOf(planned)} so far.`,
        remedySql: grantSql(old, 'SELECT', quoteIdentifier(plan.roles[plan.oldOwner])),
      }),
    );
  return [...own, ...others];
}

/** Sequences stand in schemas that the role may not use yet. */
function grantSql({ sql }: SequenceFacts, privileges: string, role: string): string {
  const sequence = quoteLiteral(sql);
  return `DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %s TO ${role.replaceAll("'", "''").replaceAll('%', '%%')}', (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = ${sequence}::regclass)); END $$;
GRANT ${privileges} ON SEQUENCE ${sql} TO ${role};`;
}

function evaluateValues(
  plan: SequencePlan,
  planned: PlannedSequence,
  { next, need, ahead, room, fits, goal }: Judgement,
  mustBeAhead: boolean,
): Finding[] {
  const { sequence } = planned;
  if (!fits)
    return [
      {
        ...found(
          plan,
          'FICUS_ARM_SEQUENCE_ENDS',
          `Sequence “${sequence.name}” of ${theOwner(plan)}, from which ${usersOf(planned)} draws, gives ${next} next; it would have to begin at ${need}, with some values to spare, and ends before.`,
          widenSql(planned),
        ),
        severity: 'error',
      },
    ];
  if (!ahead && mustBeAhead)
    return [
      {
        ...found(
          plan,
          'FICUS_ARM_SEQUENCE_BEHIND',
          `Sequence “${sequence.name}” of ${theOwner(plan)}, from which ${usersOf(planned)} draws, gives ${next} next, and ${need} is the first value that is free.`,
        ),
        severity: 'error',
      },
    ];
  const at = goal ?? next;
  const range = sequence.increment > 0n ? at : -at;
  if (room < 0n || room * (NEAR_END - 1n) >= range / abs(sequence.increment)) return [];
  return [
    found(
      plan,
      'FICUS_ARM_SEQUENCE_ENDS',
      `Sequence “${sequence.name}” of ${theOwner(plan)}, from which ${usersOf(planned)} draws, has ${room} values left.`,
      widenSql(planned),
    ),
  ];
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

function widenSql({ sequence, columns }: PlannedSequence): string | undefined {
  const narrow = columns.filter(({ column }) => column.type === 'smallint' || column.type === 'integer');
  const statements = [
    ...new Set(
      narrow.map(
        ({ column }) =>
          `ALTER TABLE ${column.tableSql} ALTER COLUMN ${quoteIdentifier(column.column)} TYPE bigint; -- writes the whole table again, under a lock`,
      ),
    ),
    `ALTER SEQUENCE ${sequence.sql} AS bigint ${sequence.increment > 0n ? 'NO MAXVALUE' : 'NO MINVALUE'};`,
  ];
  return columns.every(({ column }) => rangeOfType(column.type)) ? statements.join('\n') : undefined;
}

function evaluateProperties(plan: SequencePlan, planned: PlannedSequence): Finding[] {
  const { sequence, before, sharedOutside } = planned;
  const findings: Finding[] = [];
  const note = (message: string, remedySql?: string) =>
    findings.push(found(plan, 'FICUS_ARM_SEQUENCE_UNSEEN', message, remedySql));
  if (sequence.cycles)
    note(
      `Sequence “${sequence.name}” of ${theOwner(plan)} begins again at its end (CYCLE), with keys that are in use.`,
      `ALTER SEQUENCE ${sequence.sql} NO CYCLE;`,
    );
  for (const old of before.filter(({ cycles }) => cycles))
    note(
      `Sequence “${old.name}” of ${theOther(plan)} begins again at its end (CYCLE): what it has given before that can only be seen in rows.`,
    );
  if (sequence.unlogged)
    note(
      `Sequence “${sequence.name}” of ${theOwner(plan)} is unlogged: a crash of the server sets it back to its start, and it gives keys that are in use.`,
      `ALTER SEQUENCE ${sequence.sql} SET LOGGED; -- of an unlogged table: ALTER TABLE … SET LOGGED`,
    );
  if (sequence.cache > 1n && !sequence.owns)
    note(
      `Sequence “${sequence.name}” of ${theOwner(plan)} has a cache: sessions that have drawn from it before it is set ahead keep up to ${sequence.cache} low values, and only its owner can take them back.`,
      `ALTER SEQUENCE ${sequence.sql} CACHE ${sequence.cache}; -- as its owner, after it was set ahead and before the cutover`,
    );
  if (sharedOutside.length > 0)
    note(
      `Sequences of ${theOther(plan)} that gave the keys of ${usersOf(planned)} so far also give those of “${sharedOutside.join('”, “')}”, which stay there: from the change of owner on, rows of both may have the same key.`,
    );
  return findings;
}

function evaluateColumns(plan: SequencePlan, planned: PlannedSequence): Finding[] {
  return planned.columns.flatMap(({ column, through, computed, counterpart }): Finding[] => {
    const name = columnName(column);
    const findings: Finding[] = [];
    const note = (message: string) => findings.push(found(plan, 'FICUS_ARM_SEQUENCE_UNSEEN', message));
    if (through === 'trigger' || through === 'name' || through === 'function')
      note(
        `“${name}” of ${theOwner(plan)} seems to draw from sequence “${planned.sequence.name}” (by its ${THROUGH[through]}): a guess, which is set ahead as well.`,
      );
    if (computed)
      note(
        `The mapping computes “${name}”, so the keys that ${theOther(plan)} has given cannot be compared with sequence “${planned.sequence.name}”; those of its rows are.`,
      );
    if (!isCompared(column) && !(counterpart && isCompared(counterpart)))
      note(
        `Values of “${name}” are not compared with sequence “${planned.sequence.name}”: ${notCompared(column)}.`,
      );
    return findings;
  });
}

const THROUGH = {
  trigger: 'trigger’s text',
  name: 'name',
  function: 'default’s function',
} as const;

const isCompared = (column: PlannedSequence['columns'][number]['column']): boolean =>
  column.indexed && column.mayRead && rangeOfType(column.type) !== undefined;

function notCompared(column: PlannedSequence['columns'][number]['column']): string {
  if (!column.mayRead) return 'the role may not read the column';
  return rangeOfType(column.type) ? 'no index leads with it' : `it is ${column.type}, no whole number`;
}

/** Two sequences that continue one: each gives the other’s keys. */
function evaluateTwins(plan: SequencePlan): Finding[] {
  const heirs = new Map<string, PlannedSequence[]>();
  for (const planned of plan.sequences)
    for (const { name } of planned.before) heirs.set(name, [...(heirs.get(name) ?? []), planned]);
  return [...heirs].flatMap(([name, planned]) => {
    if (planned.length < 2) return [];
    const list = planned.map(({ sequence }) => sequence.name).join('”, “');
    return [
      found(
        plan,
        'FICUS_ARM_SEQUENCE_UNSEEN',
        `Sequences “${list}” of ${theOwner(plan)} continue one sequence of ${theOther(plan)}, “${name}”: rows of different tables may get the same key, which they never had before.`,
      ),
    ];
  });
}
