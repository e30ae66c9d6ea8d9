/**
 * What is known of the writers of one slice, added up by user, application name and address. Notes are judged in time as they
 * are read, and then removed from the database; the inventory is stored, so that evidence survives a restart. Bounded: of
 * more writers than it has room for, only the number of their notes stays, and they count as unexplained.
 */
import type { WriterNote } from '@ficus/cdc';
import type { Side } from '@ficus/core';
import type { NotePlace } from './note-place.ts';
import { redactStatement } from './redact-statement.ts';

export interface WriterEntry {
  readonly side: Side;
  readonly user: string;
  readonly application: string;
  /** Null for a Unix socket. */
  readonly address: string | null;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly tables: readonly string[];
  readonly statements: readonly WriterNote['statement'][];
  /** Process ids of its sessions, the first hundred. */
  readonly sessions: readonly number[];
  readonly notes: Readonly<Record<NotePlace, number>>;
  /** The last note of which it could not be told whether a request was under way. */
  readonly lastUnknownAt: number | null;
  readonly lastOutsideAt: number | null;
  /** The last statement, without its values; one from outside the proxies' writes, if there is one. */
  readonly sample: string;
  /** Routes that were asked at each write outside the proxies' writes; null before the first. */
  readonly askedMeanwhile: readonly string[] | null;
}

/** Times in milliseconds since the epoch, by the control plane's clock. */
export interface InventoryState {
  /** Whose writers were to be explained; null before the first observation. */
  readonly owner: Side | null;
  /** When a person began the observation; null when there is none. */
  readonly since: number | null;
  /** When both sides' notes were last read. */
  readonly readAt: number | null;
  readonly entries: readonly WriterEntry[];
  /** What the fences had missed when the observation began. */
  readonly missedBefore: Readonly<Record<Side, number>>;
  /** Notes of writers beyond those in `entries`. */
  readonly beyond: number;
  /** Notes that were read, and may not be removed from the database yet. */
  readonly unremoved: Readonly<Record<Side, readonly string[]>>;
}

export const EMPTY_INVENTORY: InventoryState = {
  owner: null,
  since: null,
  readAt: null,
  entries: [],
  beyond: 0,
  missedBefore: { legacy: 0, candidate: 0 },
  unremoved: { legacy: [], candidate: [] },
};

/** What was found before a change of owner says nothing of the present one: the observation begins again. */
export function ofOwner(state: InventoryState, owner: Side, now: number): InventoryState {
  if (state.owner === owner) return state;
  const { since, missedBefore } = state;
  return { ...EMPTY_INVENTORY, owner, missedBefore, since: since === null ? null : now };
}

export interface PlacedNote {
  readonly note: WriterNote;
  readonly place: NotePlace;
  /** What has to be added to the note's times. */
  readonly offsetMs: number;
  /** Only of a note outside. */
  readonly asked?: readonly string[] | undefined;
}

const MOST_ENTRIES = 500;
const MOST_SESSIONS = 100;
const MOST_TABLES = 50;

export function addNotes(
  state: InventoryState,
  side: Side,
  notes: readonly PlacedNote[],
): Pick<InventoryState, 'entries' | 'beyond'> {
  const entries = new Map(state.entries.map((entry) => [keyOf(entry), entry]));
  let { beyond } = state;
  for (const placed of notes) {
    const key = keyOf({ ...placed.note, side });
    const known = entries.get(key);
    if (known) entries.set(key, addNote(known, placed));
    else if (entries.size < MOST_ENTRIES) entries.set(key, addNote(newEntry(side, placed), placed));
    else beyond += 1;
  }
  return { entries: [...entries.values()], beyond };
}

const keyOf = ({
  side,
  user,
  application,
  address,
}: Pick<WriterEntry, 'side' | 'user' | 'application' | 'address'>) =>
  JSON.stringify([side, user, application, address]);

function newEntry(side: Side, { note, offsetMs }: PlacedNote): WriterEntry {
  const { user, application, address, writtenAtMs } = note;
  const at = writtenAtMs + offsetMs;
  return {
    ...{ side, user, application, address },
    ...{ firstSeenAt: at, lastSeenAt: at, lastUnknownAt: null, lastOutsideAt: null },
    ...{ tables: [], statements: [], sessions: [], sample: '', askedMeanwhile: null },
    notes: { inside: 0, outside: 0, unknown: 0 },
  };
}

function addNote(entry: WriterEntry, { note, place, offsetMs, asked }: PlacedNote): WriterEntry {
  const at = note.writtenAtMs + offsetMs;
  const showsThis = place === 'outside' || entry.notes.outside === 0;
  return {
    ...entry,
    firstSeenAt: Math.min(entry.firstSeenAt, at),
    lastSeenAt: Math.max(entry.lastSeenAt, at),
    tables: withOne(entry.tables, note.table, MOST_TABLES),
    statements: withOne(entry.statements, note.statement, 4),
    sessions: withOne(entry.sessions, note.pid, MOST_SESSIONS),
    notes: { ...entry.notes, [place]: entry.notes[place] + 1 },
    lastUnknownAt: place === 'unknown' ? Math.max(entry.lastUnknownAt ?? 0, at) : entry.lastUnknownAt,
    lastOutsideAt: place === 'outside' ? Math.max(entry.lastOutsideAt ?? 0, at) : entry.lastOutsideAt,
    sample: showsThis ? redactStatement(note.query) : entry.sample,
    askedMeanwhile: place === 'outside' ? commonOf(entry.askedMeanwhile, asked) : entry.askedMeanwhile,
  };
}

const withOne = <T>(list: readonly T[], one: T, most: number): readonly T[] =>
  list.includes(one) || list.length >= most ? list : [...list, one];

/** What was asked each time; a time that is not known any more says nothing. */
function commonOf(
  before: readonly string[] | null,
  asked: readonly string[] | undefined,
): readonly string[] | null {
  if (asked === undefined) return before;
  return before === null ? asked : before.filter((name) => asked.includes(name));
}
