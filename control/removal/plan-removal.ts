/**
 * Plans what `ficus remove` and `ficus uninstall` do, database by database, from the config and from what the control
 * database has recorded: a slice that left the config is still known there. Order: first the slots, which harm the
 * source; last the control database, which remembers what is left.
 */
import {
  type DatabasePart,
  planSlotRemoval,
  planStreamRemoval,
  type Remnant,
  type RemovalStep,
} from '@ficus/cdc';
import { type FicusConfig, FicusError } from '@ficus/core';
import { describeDatabase } from '../store/describe-database.ts';
import type { ControlRecords } from './control-records.ts';
import { pickUrls, type SliceUrls } from './pick-urls.ts';
import { DROP_CONTROL_SCHEMA, forgetSliceSql, forgetSlotSql } from './slice-rows.ts';

export type Place = 'legacy' | 'candidate' | 'control';

export interface RemovalPart {
  readonly place: Place;
  /** Undefined: of all slices. */
  readonly slice: string | undefined;
  /** `host:port/name` */
  readonly database: string;
  readonly url: string;
  /** Why the database cannot be asked. */
  readonly problem: string | undefined;
  readonly steps: readonly RemovalStep[];
  readonly remnants: readonly Remnant[];
  readonly inUse?: string | undefined;
}

export interface Removal {
  /** Why nothing may be removed yet, in a sentence. */
  readonly inUse: string | undefined;
  readonly parts: readonly RemovalPart[];
  readonly remnants: readonly Remnant[];
}

export interface RemovalWish {
  readonly config: FicusConfig;
  /** Undefined: everything. */
  readonly slice: string | undefined;
  /** Only this slot of it. */
  readonly slot: string | undefined;
  /** URL of the candidate's database, in place of the recorded one, which has no password. */
  readonly candidateDatabase: string | undefined;
  readonly actor: string;
  readonly reason: string;
}

/** Read-only. @throws FicusError FICUS_SLICE_UNKNOWN */
export async function planRemoval(wish: RemovalWish, records: ControlRecords | undefined): Promise<Removal> {
  if (wish.slot !== undefined) return planSlot(wish, wish.slot, records);
  const slices = wish.slice === undefined ? allSlices(wish.config, records) : [wish.slice];
  const parts: RemovalPart[] = [];
  for (const slice of slices) {
    const urls = pickUrls(wish, slice, records?.streams ?? []);
    refuseUnknown(wish, slice, urls, records);
    const last = isLast(wish, records);
    for (const url of urls) parts.push(...(await planStream(slice, url, last)));
  }
  const control = planControl(wish, slices, records);
  return {
    inUse: mayRun(wish, records) ?? parts.find(({ inUse }) => inUse)?.inUse,
    parts: [...mergeParts(parts), ...control],
    remnants: [...planFlags(wish.config, slices), ...planConfig(wish)],
  };
}

function allSlices(config: FicusConfig, records: ControlRecords | undefined): string[] {
  return [...new Set([...Object.keys(config.slices), ...(records?.slices ?? [])])];
}

/** Why a stream of it may run, or start at any moment. */
function mayRun({ config, slice }: RemovalWish, records: ControlRecords | undefined): string | undefined {
  if (config.control?.database && !records)
    return 'The control database cannot be reached, so a control plane may be running. If that database is gone for good, take control.database out of the config.';
  const running = records?.running;
  if (!running || (slice !== undefined && !running.includes(slice))) return undefined;
  return slice === undefined
    ? 'A control plane runs on this control database; stop it first.'
    : `The running control plane has the slice ${slice} in its config.`;
}

function refuseUnknown(
  { config, slice: wanted }: RemovalWish,
  slice: string,
  urls: readonly SliceUrls[],
  records: ControlRecords | undefined,
): void {
  const known = [...Object.keys(config.slices), ...(records?.slices ?? []), ...(records?.removed ?? [])];
  if (wanted === undefined || urls.some(({ targets }) => targets.length > 0) || known.includes(slice)) return;
  const names = allSlices(config, records).join(', ') || 'none';
  throw new FicusError(
    'FICUS_SLICE_UNKNOWN',
    `Neither config nor control database knows a slice “${slice}”. They know: ${names}. With --candidate-database, or --slot, it is looked for all the same.`,
  );
}

/** Whether no other slice has a stream. */
function isLast({ config, slice }: RemovalWish, records: ControlRecords | undefined): boolean {
  const streaming = Object.entries(config.slices).filter(([, { tables }]) => tables.length > 0);
  const others = [
    ...streaming.map(([name]) => name),
    ...(records?.streams ?? []).map((stream) => stream.slice),
  ];
  return slice === undefined || others.every((name) => name === slice);
}

async function planStream(slice: string, urls: SliceUrls, last: boolean): Promise<RemovalPart[]> {
  const { source, targets, slots } = urls;
  const planned = await planStreamRemoval({ slice, sourceUrl: source, targetUrls: targets, slots, last });
  return [
    ...partOf('legacy', slice, source, planned.source),
    ...targets.flatMap((url, index) => partOf('candidate', slice, url, planned.targets[index])),
  ];
}

/** A database that several slices, or old and new sources, have in common is named once for each slice. */
function mergeParts(parts: readonly RemovalPart[]): RemovalPart[] {
  const seen = new Set<string>();
  return parts
    .filter(({ place, slice, database }) => isNew(seen, `${place} ${slice} ${database}`))
    .map((part) => ({ ...part, remnants: part.remnants.filter(({ what }) => isNew(seen, what)) }));
}

function isNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

function partOf(
  place: Place,
  slice: string,
  url: string | undefined,
  part: DatabasePart | undefined,
): RemovalPart[] {
  if (!url || !part) return [];
  const at = { place, slice, url, database: describeDatabase(url) };
  if (part.kind === 'unreachable') return [{ ...at, problem: part.problem, steps: [], remnants: [] }];
  const { inUse, steps, remnants } = part.plan;
  return [{ ...at, problem: undefined, steps, remnants, inUse }];
}

async function planSlot(
  { config, slice }: RemovalWish,
  slot: string,
  records: ControlRecords | undefined,
): Promise<Removal> {
  const recorded = records?.streams.find((stream) => stream.slot === slot);
  const urls = pickUrls({ config, candidateDatabase: undefined }, slice ?? '', recorded ? [recorded] : []);
  const source = (urls.find(({ slots }) => slots.includes(slot)) ?? urls[0])?.source;
  if (!source) throw new FicusError('FICUS_CONFIG_INVALID', 'legacy.database: is required to remove a slot');
  const parts = partOf('legacy', slice ?? '', source, await planSlotRemoval(source, slot));
  const control = config.control?.database;
  if (control && recorded)
    parts.push(controlPart(control, slice, [{ does: `forgets slot “${slot}”`, sql: forgetSlotSql(slot) }]));
  return { inUse: parts[0]?.inUse, parts, remnants: [] };
}

function planControl(
  { config, slice, actor, reason }: RemovalWish,
  slices: readonly string[],
  records: ControlRecords | undefined,
): RemovalPart[] {
  const url = config.control?.database;
  if (!url) return [];
  if (!records)
    return [{ ...controlPart(url, slice, []), problem: 'The control database cannot be reached.' }];
  if (!records.present) return [];
  if (slice === undefined)
    return [
      controlPart(url, undefined, [
        { does: 'drops the schema ficus_control: flags, owners, audit', sql: DROP_CONTROL_SCHEMA },
      ]),
    ];
  const steps = slices
    .filter((name) => records.slices.includes(name))
    .map((name) => ({
      does: `removes the flags, the state and the records of ${name}; the audit stays`,
      sql: forgetSliceSql(name, actor, reason),
    }));
  return [controlPart(url, slice, steps)];
}

function controlPart(url: string, slice: string | undefined, steps: readonly RemovalStep[]): RemovalPart {
  return {
    place: 'control',
    slice,
    url,
    database: describeDatabase(url),
    problem: undefined,
    steps,
    remnants: [],
  };
}

function planFlags({ flags }: FicusConfig, slices: readonly string[]): Remnant[] {
  if (flags.provider === 'builtin' || slices.length === 0) return [];
  const names = slices.flatMap((slice) => [`${slice}.serve`, `${slice}.shadow`]).join(', ');
  const where = flags.provider === 'file' ? flags.file : flags.unleash?.url;
  return [{ what: `The flags ${names} stay in ${where}, if they are there.` }];
}

function planConfig({ config, slice }: RemovalWish): Remnant[] {
  if (slice === undefined || !Object.hasOwn(config.slices, slice)) return [];
  return [
    {
      what: `The config still has the slice ${slice}: take it out, otherwise the next start copies its tables again.`,
    },
  ];
}
