/** Settings of both servers that endanger a change of owner, or the way back: pure. */
import type { Finding } from '../preflight/finding.ts';
import type { SideFacts } from './arm-facts.ts';

export function evaluateServerSettings(oldOwner: SideFacts, newOwner: SideFacts): Finding[] {
  return [
    ...[oldOwner, newOwner].flatMap(evaluateStandby),
    ...evaluateStreamed(newOwner),
    ...evaluatePrepared(oldOwner),
  ];
}

/** A hold is seen before its commit ends, and a commit that waits for a standby lets no later turn pass. */
function evaluateStandby({ path, side, settings }: SideFacts): Finding[] {
  if (!settings.lacksStandby) return [];
  return [
    {
      severity: 'error',
      path,
      code: 'FICUS_ARM_SERVER',
      message: `No synchronous standby of the ${side} is connected: commits wait for one (synchronous_standby_names), the fence’s too, and the slice’s writers would be refused until one is there.`,
      remedySql:
        "ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf(); -- or start the standby",
    },
  ];
}

/** The stream back is read from the new owner's WAL. */
function evaluateStreamed({ path, side, settings }: SideFacts): Finding[] {
  const { walLevel, hasSlot, idleSlotTimeout, maxSlotWalKeepSize } = settings;
  const findings: Finding[] = [];
  if (walLevel !== 'logical')
    findings.push({
      severity: 'error',
      path,
      code: 'FICUS_CDC_WAL_LEVEL',
      message: `The ${side} writes its WAL with wal_level = ${walLevel}: without logical there is no stream back, and no way back.`,
      remedySql: "ALTER SYSTEM SET wal_level = 'logical'; -- then restart PostgreSQL",
    });
  if (!hasSlot) findings.push(...evaluateRoom({ path, side, settings }));
  if (idleSlotTimeout !== undefined && !/^0(\D|$)/.test(idleSlotTimeout))
    findings.push({
      severity: 'warning',
      path,
      code: 'FICUS_ARM_SERVER',
      message: `The ${side} drops slots that nothing reads for ${idleSlotTimeout} (idle_replication_slot_timeout): when Ficus is away for longer, there is no way back any more.`,
      remedySql: 'ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf();',
    });
  findings.push({
    severity: 'warning',
    path,
    code: 'FICUS_CDC_SLOT_RETENTION',
    ...(maxSlotWalKeepSize === '-1'
      ? {
          message: `max_slot_wal_keep_size of the ${side} is unlimited: while Ficus does not run, the slot of the stream back fills its disk.`,
          remedySql:
            "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf(); -- as the disk allows",
        }
      : {
          message: `The ${side} drops the slot of the stream back when it keeps more than ${maxSlotWalKeepSize} (max_slot_wal_keep_size): until then Ficus must read it, or there is no way back any more.`,
        }),
  });
  return findings;
}

function evaluateRoom({ path, side, settings }: Pick<SideFacts, 'path' | 'side' | 'settings'>): Finding[] {
  const room = [
    ['replication slots', 'max_replication_slots', settings.replicationSlots, settings.maxReplicationSlots],
    ['WAL senders', 'max_wal_senders', settings.walSenders, settings.maxWalSenders],
  ] as const;
  return room
    .filter(([, , used, most]) => used >= most)
    .map(
      ([what, setting, used, most]): Finding => ({
        severity: 'error',
        path,
        code: 'FICUS_CDC_SLOTS_EXHAUSTED',
        message: `All ${most} ${what} of the ${side} are in use (${setting} = ${most}, ${used} used): the stream back needs one.`,
        remedySql: `ALTER SYSTEM SET ${setting} = ${most + 5}; -- then restart PostgreSQL`,
      }),
    );
}

function evaluatePrepared({ path, side, settings }: SideFacts): Finding[] {
  if (settings.maxPreparedTransactions === 0) return [];
  return [
    {
      severity: 'warning',
      path,
      code: 'FICUS_ARM_SERVER',
      message: `The ${side} allows prepared transactions (max_prepared_transactions = ${settings.maxPreparedTransactions}): one that its transaction manager leaves open keeps the fence waiting until the attempt is abandoned.`,
      remedySql:
        'SELECT gid, owner, prepared FROM pg_prepared_xacts WHERE database = current_database(); -- must be empty when the cutover begins',
    },
  ];
}
