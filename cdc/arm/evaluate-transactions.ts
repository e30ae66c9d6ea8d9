/** Who would keep a cutover waiting: pure, on what was read of both sides. */

import { quoteIdentifier } from '../catalog/quote.ts';
import type { Finding } from '../preflight/finding.ts';
import { describeBlocker, endSql } from '../source/describe-wait.ts';
import type { OpenTransaction, SideFacts, VacuumNeed } from './arm-facts.ts';

const code = 'FICUS_ARM_TRANSACTION';

/** @param makesSlot whether a replication slot is still to be made on this side */
export function evaluateTransactions(side: SideFacts, makesSlot: boolean): Finding[] {
  return [
    ...side.transactions.flatMap((transaction) => judge(side, transaction, makesSlot) ?? []),
    ...side.vacuums.flatMap((vacuum) => judgeVacuum(side, vacuum) ?? []),
    ...(side.seesOthers ? [] : [blind(side)]),
  ];
}

function judge(side: SideFacts, transaction: OpenTransaction, makesSlot: boolean): Finding | undefined {
  const who = describeBlocker(transaction);
  const remedySql = endSql(transaction);
  const { path } = side;
  if (transaction.tables.length > 0)
    return {
      severity: 'error',
      path,
      code,
      message: `${capital(who)} holds “${transaction.tables.join('”, “')}” of the ${side.side}: a fence waits for its end, and the attempt is abandoned when that takes too long.`,
      remedySql,
    };
  if (transaction.gid !== null && transaction.here)
    return {
      severity: 'warning',
      path,
      code,
      message: `${capital(who)} is left open in the database of the ${side.side}; it holds none of the slice’s tables.`,
      remedySql,
    };
  if (!makesSlot || !transaction.hasWritten) return undefined;
  return {
    severity: 'warning',
    path,
    code,
    message: `${capital(who)} has written on the server of the ${side.side}: the slot of the stream back is made only when it has ended.`,
    remedySql,
  };
}

/** A vacuum against wraparound does not give way, and CREATE TRIGGER waits for it. */
function judgeVacuum(
  { path, side }: SideFacts,
  { table, age, bound, running }: VacuumNeed,
): Finding | undefined {
  if (age <= bound && !(running && age > bound * 0.95)) return undefined;
  return {
    severity: 'warning',
    path,
    code: 'FICUS_ARM_DDL',
    message: `“${table}” of the ${side} is due for an autovacuum against wraparound (age ${age}, bound ${bound})${running ? ', which runs' : ''}: it does not give way, and the fence’s triggers cannot be made while it runs.`,
    remedySql: `VACUUM (FREEZE) ${quoteTable(table)}; -- and wait for its end`,
  };
}

const quoteTable = (qualified: string): string => {
  const dot = qualified.indexOf('.');
  return `${quoteIdentifier(qualified.slice(0, dot))}.${quoteIdentifier(qualified.slice(dot + 1))}`;
};

function blind({ path, role, side }: SideFacts): Finding {
  return {
    severity: 'warning',
    path,
    code: 'FICUS_CDC_PRIVILEGE',
    message: `Role “${role}” does not see how long other roles’ transactions on the ${side} are open, nor what they do: those that would keep a cutover waiting are found, but not their age.`,
    remedySql: `GRANT pg_read_all_stats TO ${quoteIdentifier(role)};`,
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
