/** What a server's settings mean for a stream: pure decisions on facts that preflightSlice has read. */
import { quoteIdentifier } from '../catalog/quote.ts';
import { describeAbsentStandbys, describeBlocker, endSql, STANDBY_SQL } from '../source/describe-wait.ts';
import type { Blocker } from '../source/read-waits.ts';
import type { Finding } from './finding.ts';

const OLDEST_SERVER_VERSION = 150_000;

/** Facts about the source server and the stream's role. */
export interface SourceFacts {
  readonly role: string;
  readonly database: string;
  readonly walLevel: string;
  readonly maxReplicationSlots: number;
  readonly replicationSlots: number;
  readonly maxWalSenders: number;
  readonly walSenders: number;
  /** As SHOW prints it: `-1`, `10GB`. */
  readonly maxSlotWalKeepSize: string;
  readonly mayReplicate: boolean;
  readonly mayCreate: boolean;
  /** Whether an administrator created the slice's publication beforehand. */
  readonly hasPublication: boolean;
  /** Whether the role may alter it; null while there is none. */
  readonly mayGuard: boolean | null;
  /** It is one of all tables, or of a schema, which only a superuser may own. */
  readonly isWide: boolean;
  /** Whether the slice's own slot already exists: then no free one is needed. */
  readonly hasSlot: boolean;
}

export function evaluateVersion(path: string, serverVersion: number): Finding[] {
  if (serverVersion >= OLDEST_SERVER_VERSION) return [];
  const shown = `${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;
  const message = `The server is PostgreSQL ${shown}; Ficus needs 15 or newer.`;
  return [{ severity: 'error', path, code: 'FICUS_DATABASE_VERSION', message }];
}

/** Findings about the server that the change stream is read from. */
export function evaluateSource(path: string, facts: SourceFacts, publication: string): Finding[] {
  return [
    ...evaluateWal(path, facts),
    ...evaluateRoom(path, facts),
    ...evaluateRole(path, facts),
    ...evaluateGuard(path, facts, publication),
  ];
}

/** Whether nothing known beforehand keeps the role from opening a replication connection. */
export function mayOpenSender(facts: SourceFacts): boolean {
  return facts.mayReplicate && facts.walLevel === 'logical' && facts.walSenders < facts.maxWalSenders;
}

/** @param absent slots of synchronized_standby_slots whose standby is away */
export function evaluateStandbys(path: string, absent: readonly string[]): Finding[] {
  if (absent.length === 0) return [];
  const message = describeAbsentStandbys(absent);
  return [{ severity: 'warning', path, code: 'FICUS_CDC_STANDBY_AWAY', message, remedySql: STANDBY_SQL }];
}

/** A new slot waits for every transaction that has written, in any database of the server. */
export function evaluateOpenTransactions(path: string, open: readonly Blocker[]): Finding[] {
  return open.map((blocker) => ({
    severity: 'warning',
    path,
    code: 'FICUS_CDC_BLOCKED',
    message: `A transaction of the source is open, and the stream's slot is made only when it has ended: ${describeBlocker(blocker)}.`,
    remedySql: endSql(blocker),
  }));
}

function evaluateWal(path: string, facts: SourceFacts): Finding[] {
  const findings: Finding[] = [];
  if (facts.walLevel !== 'logical') {
    findings.push({
      severity: 'error',
      path,
      code: 'FICUS_CDC_WAL_LEVEL',
      message: `The source writes its WAL with wal_level = ${facts.walLevel}, which cannot be decoded; it must be logical.`,
      remedySql: "ALTER SYSTEM SET wal_level = 'logical'; -- then restart PostgreSQL",
    });
  }
  if (facts.maxSlotWalKeepSize === '-1') {
    findings.push({
      severity: 'warning',
      path,
      code: 'FICUS_CDC_SLOT_RETENTION',
      message:
        'max_slot_wal_keep_size is unlimited: while Ficus does not run, nothing keeps its slot from filling the source’s disk.',
      remedySql:
        "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf(); -- as the disk allows",
    });
  }
  return findings;
}

function evaluateRoom(path: string, facts: SourceFacts): Finding[] {
  const findings: Finding[] = [];
  const full = (what: string, setting: string, used: number, most: number): Finding => ({
    severity: 'error',
    path,
    code: 'FICUS_CDC_SLOTS_EXHAUSTED',
    message: `All ${most} ${what} of the source are in use (${setting} = ${most}, ${used} used).`,
    remedySql: `ALTER SYSTEM SET ${setting} = ${most + 5}; -- then restart PostgreSQL`,
  });
  if (facts.hasSlot) return findings;
  if (facts.replicationSlots >= facts.maxReplicationSlots)
    findings.push(
      full('replication slots', 'max_replication_slots', facts.replicationSlots, facts.maxReplicationSlots),
    );
  if (facts.walSenders >= facts.maxWalSenders)
    findings.push(full('WAL senders', 'max_wal_senders', facts.walSenders, facts.maxWalSenders));
  return findings;
}

function evaluateRole(path: string, facts: SourceFacts): Finding[] {
  const findings: Finding[] = [];
  const role = `"${facts.role.replaceAll('"', '""')}"`;
  if (!facts.mayReplicate) {
    findings.push({
      severity: 'error',
      path,
      code: 'FICUS_CDC_PRIVILEGE',
      message: `Role “${facts.role}” cannot replicate: it has no REPLICATION attribute.`,
      remedySql: `ALTER ROLE ${role} REPLICATION;`,
    });
  }
  if (!facts.mayCreate && !facts.hasPublication) {
    findings.push({
      severity: 'error',
      path,
      code: 'FICUS_CDC_PRIVILEGE',
      message: `Role “${facts.role}” cannot create a publication in database “${facts.database}”.`,
      remedySql: `GRANT CREATE ON DATABASE "${facts.database.replaceAll('"', '""')}" TO ${role};`,
    });
  }
  return findings;
}

/** Without it the source stays refused its own writes until an administrator acts. */
function evaluateGuard(
  path: string,
  { role, mayGuard, isWide }: SourceFacts,
  publication: string,
): Finding[] {
  if (mayGuard !== false) return [];
  const remedy = isWide
    ? { message: ' Only a superuser may own one of all tables or of a schema; name its tables instead.' }
    : {
        message: '',
        remedySql: `ALTER PUBLICATION ${quoteIdentifier(publication)} OWNER TO ${quoteIdentifier(role)};`,
      };
  return [
    {
      severity: 'warning',
      path,
      code: 'FICUS_CDC_PRIVILEGE',
      ...remedy,
      message: `Role “${role}” cannot alter publication “${publication}”: if a published table loses its replica identity, PostgreSQL refuses the source’s own updates and deletes, and the stream cannot undo it.${remedy.message}`,
    },
  ];
}
