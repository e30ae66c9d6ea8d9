/** Says whom a stream waits for, and what to run about it. */
import type { ErrorCode } from '@ficus/core';
import { quoteLiteral } from '../catalog/quote.ts';
import type { Blocker, Wait } from './read-waits.ts';

export interface DescribedWait {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedySql: string;
}

/** @param where `source` or `target` */
export function describeWait(wait: Wait, where: 'source' | 'target'): DescribedWait {
  switch (wait.kind) {
    case 'transaction':
      return {
        code: 'FICUS_CDC_BLOCKED',
        message: `The stream waits until an open transaction of the ${where} ends: ${describeBlocker(wait.blocker)}.`,
        remedySql: endSql(wait.blocker),
      };
    case 'lock':
      return {
        code: 'FICUS_CDC_BLOCKED',
        message: `The stream waits for a lock on “${wait.relation}” of the ${where}, which the transaction of another session holds: ${describeBlocker(wait.blocker)}.`,
        remedySql: endSql(wait.blocker),
      };
    case 'standby':
      return {
        code: 'FICUS_CDC_STANDBY_AWAY',
        message: describeAbsentStandbys(wait.slots),
        remedySql: STANDBY_SQL,
      };
  }
}

export const STANDBY_SQL = `ALTER SYSTEM SET synchronized_standby_slots = ''; SELECT pg_reload_conf(); -- or start the standby`;

export function describeAbsentStandbys(slots: readonly string[]): string {
  const named = slots.length === 0 ? 'a standby' : `the standby of slot “${slots.join('”, “')}”`;
  return `The source sends no change before ${named} has it: synchronized_standby_slots names it, and it is away or behind.`;
}

/** `process 4711 (role “shop”, application “psql”, idle in transaction, for 35 s)` */
export function describeBlocker({ pid, gid, role, application, state, seconds }: Blocker): string {
  const facts = [
    role && `role “${role}”`,
    application && `application “${application}”`,
    gid === null && state,
    seconds !== null && `for ${seconds} s`,
  ].filter((fact) => fact);
  const who = gid === null ? `process ${pid ?? 'unknown'}` : `prepared transaction “${gid}”`;
  return facts.length === 0 ? who : `${who} (${facts.join(', ')})`;
}

/** What ends the transaction, when it does not end by itself. */
export function endSql({ pid, gid }: Blocker): string {
  if (gid === null) return `SELECT pg_terminate_backend(${pid ?? 'pid'}); -- unless it ends by itself`;
  return `ROLLBACK PREPARED ${quoteLiteral(gid)}; -- or COMMIT PREPARED, in its own database`;
}
