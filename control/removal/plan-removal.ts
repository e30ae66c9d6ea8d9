/**
 * Plans what `ficus remove` and `ficus uninstall` do, database by database, from the config and from what the control
 * database has recorded: a slice that left the config is still known there. Order: first the slots, which harm the
 * source; last the control database, which remembers what is left.
 */
import { planStreamRemoval, type Remnant } from '@ficus/cdc';
import { type FicusConfig, FicusError } from '@ficus/core';
import type { ControlRecords } from './control-records.ts';
import { mayRun } from './may-run.ts';
import { pickUrls, type SliceUrls } from './pick-urls.ts';
import { planKeptFlags } from './plan-kept-flags.ts';
import { planSlot } from './plan-slot.ts';
import {
  controlPart,
  NO_FILES,
  partOf,
  type Removal,
  type RemovalPart,
  type RemovalWish,
} from './removal.ts';
import { DROP_CONTROL_SCHEMA, forgetSliceSql } from './slice-rows.ts';

/** Read-only. @throws FicusError FICUS_SLICE_UNKNOWN; with a slot FICUS_USAGE, FICUS_SLOT_UNKNOWN */
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
  const left = wish.slice === undefined ? [await planKeptFlags(wish.config), wish.left ?? NO_FILES] : [];
  return {
    inUse: mayRun(wish, records) ?? parts.find(({ inUse }) => inUse)?.inUse,
    slice: wish.slice,
    parts: [...mergeParts(parts), ...control],
    files: left.flatMap(({ files }) => files),
    remnants: [
      ...planHandedOver(slices, records),
      ...planFlags(wish.config, slices),
      ...left.flatMap(({ remnants }) => remnants),
      ...planConfig(wish),
    ],
  };
}

function allSlices(config: FicusConfig, records: ControlRecords | undefined): string[] {
  return [...new Set([...Object.keys(config.slices), ...(records?.slices ?? [])])];
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
  if (slice === undefined) return [planSchema(url, records)];
  const steps = slices
    .filter((name) => records.slices.includes(name))
    .map((name) => ({
      verb: 'remove' as const,
      what: `the flags, the state and the records of ${name}; the audit stays`,
      sql: forgetSliceSql(name, records.tables, actor, reason),
    }));
  return [controlPart(url, slice, steps)];
}

/** Whatever others have built on it stays, and so does the whole schema until they have taken it away. */
function planSchema(url: string, { dependants }: ControlRecords): RemovalPart {
  const what = 'the schema ficus_control: flags, owners, audit';
  const part = controlPart(url, undefined, [{ verb: 'drop', what, sql: DROP_CONTROL_SCHEMA }]);
  const remnants = dependants.map((name) => ({
    what: `Not of Ficus, and in the way: ${name}. Take it away, and run the command again.`,
    missing: true,
  }));
  return { ...part, remnants };
}

function planFlags({ flags }: FicusConfig, slices: readonly string[]): Remnant[] {
  if (flags.provider === 'builtin' || slices.length === 0) return [];
  const names = slices.flatMap((slice) => [`${slice}.serve`, `${slice}.shadow`]).join(', ');
  const where = flags.provider === 'file' ? flags.file : flags.unleash?.url;
  return [{ what: `The flags ${names} stay in ${where}, if they are there.` }];
}

/** Without its flags and its owner, a slice is served by the legacy. */
function planHandedOver(slices: readonly string[], records: ControlRecords | undefined): Remnant[] {
  return slices
    .filter((slice) => records?.handedOver.includes(slice))
    .map((slice) => ({
      what: `The candidate owns ${slice}: its rows are the only current ones. Without Ficus’s state the proxy sends the slice’s requests to the monolith again, which has old rows and whose fence refuses writes. Let your own router send them to the service first.`,
    }));
}

function planConfig({ config, slice }: RemovalWish): Remnant[] {
  if (slice === undefined || !Object.hasOwn(config.slices, slice)) return [];
  return [
    {
      what: `The config still has the slice ${slice}: take it out, otherwise the next start copies its tables again.`,
    },
  ];
}
