/**
 * Changes of owner in a row, under load: forward and back in turn. Side doors write around each of them, into the
 * database that owned the writes before. The load never stops in between. Called by run.ts for each subject.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Audit, auditWrites } from '../../sample/audit/audit-writes.ts';
import type { WriteRecord } from '../../sample/load/write-record.ts';
import { connect } from '../stage.ts';
import { type Load, type LoadRecords, startLoad } from './load/load.ts';
import { openSideDoor, SIDE_DOORS, type SideDoorKind } from './side-door/side-door.ts';
import type { Ready, Subject, Switched } from './subject.ts';

export interface RunOptions {
  readonly rounds: number;
  readonly writesPerSecond: number;
  readonly readsPerSecond: number;
}

/** What one kind of side door got done around one change of owner. */
export interface SideDoorRecord {
  readonly kind: SideDoorKind;
  readonly writes: readonly WriteRecord[];
  /** Its writes on the owner afterwards. */
  readonly audit: Audit;
}

export interface Round {
  readonly direction: 'forward' | 'back';
  /** What `arm` took. */
  readonly armMs: number;
  readonly switched: Switched;
  readonly sideDoors: readonly SideDoorRecord[];
}

export interface RunRecords extends LoadRecords {
  readonly rounds: readonly Round[];
  /** The clients' writes on the owner, at the end. */
  readonly onOwner: Audit;
  /** The same on the other database, where the subject keeps it in step. */
  readonly onOther: Audit | undefined;
}

/** Load and side doors run for so long before a change of owner is ordered, and after it: what `arm` cost is over. */
const LEAD_MS = 2_500;
const TAIL_MS = 1_500;
/** With everything that comes before it, on a busy machine: decides how many notifications the clients need. */
const LONGEST_ROUND_S = 10;
/** Of a run with few rounds, as one of them may take as long as a minute there. */
const LEAST_RUN_S = 360;

/** @param log gets a line of progress */
export async function runRounds(
  subject: Subject,
  options: RunOptions,
  log: (line: string) => void,
): Promise<RunRecords> {
  const { writesPerSecond, readsPerSecond } = options;
  const seconds = Math.max(LEAST_RUN_S, options.rounds * LONGEST_ROUND_S);
  const ready = await subject.setup(seconds * writesPerSecond);
  const load = await startLoad({ ...ready, writesPerSecond, readsPerSecond });
  try {
    const rounds: Round[] = [];
    for (let number = 0; number < options.rounds; number += 1) {
      const round = await Promise.race([runRound(subject, ready, number), load.brokeDown]);
      rounds.push(round);
      log(
        `${subject.name}: ${round.direction} in ${Math.round(round.switched.endedAt - round.switched.orderedAt)} ms`,
      );
    }
    return { ...(await stopAndAudit(subject, load, rounds)), rounds };
  } finally {
    load.kill();
  }
}

async function runRound(subject: Subject, ready: Ready, number: number): Promise<Round> {
  const began = performance.now();
  await subject.arm();
  const armMs = performance.now() - began;
  const { sideDoor } = subject.databases();
  const customers = ready.users.map(({ customer }) => customer);
  const open = (kind: SideDoorKind) =>
    openSideDoor({ kind, url: sideDoor, insert: subject.sideDoorInsert, round: number, customers });
  const doors = await Promise.all(SIDE_DOORS.map(open));
  const direction = number % 2 === 0 ? 'forward' : 'back';
  const written: { kind: SideDoorKind; writes: readonly WriteRecord[] }[] = [];
  let switched: Switched;
  try {
    await delay(LEAD_MS);
    switched = direction === 'forward' ? await subject.switch() : await subject.back();
    await delay(TAIL_MS);
  } finally {
    for (const door of doors) written.push({ kind: door.kind, writes: await door.stop() });
  }
  const found = await findWrites(subject, subject.databases().owner);
  const sideDoors = written.map(({ kind, writes }) => ({
    kind,
    writes,
    audit: auditWrites(writes, onlyTheirs(found, writes)),
  }));
  return { direction, armMs, switched, sideDoors };
}

/** The clients' writes alone; those of the side doors were audited round by round. */
async function stopAndAudit(
  subject: Subject,
  load: Load,
  rounds: readonly Round[],
): Promise<Omit<RunRecords, 'rounds'>> {
  const records = await load.stop();
  const bySideDoors = new Set(
    rounds.flatMap(({ sideDoors }) => sideDoors.flatMap(({ writes }) => writes.map(({ key }) => key))),
  );
  const { owner, other } = subject.databases();
  const audit = async (url: string) => {
    const found = await findWrites(subject, url);
    return auditWrites(records.writes, new Map([...found].filter(([key]) => !bySideDoors.has(key))));
  };
  return {
    ...records,
    onOwner: await audit(owner),
    onOther: subject.keepsBoth ? await audit(other) : undefined,
  };
}

function onlyTheirs(found: ReadonlyMap<string, number>, writes: readonly WriteRecord[]): Map<string, number> {
  return new Map(writes.flatMap(({ key }) => (found.has(key) ? [[key, found.get(key)!] as const] : [])));
}

async function findWrites(subject: Subject, url: string): Promise<Map<string, number>> {
  const client = await connect(url);
  try {
    return await subject.findWrites(client);
  } finally {
    await client.end();
  }
}
