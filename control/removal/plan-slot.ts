/** Plans the removal of one slot of a slice: for one that its stream does not use, or that no record names any more. */
import { isSlotOf, planSlotRemoval } from '@ficus/cdc';
import { type FicusConfig, FicusError } from '@ficus/core';
import { describeDatabase } from '../store/describe-database.ts';
import type { StreamRecord } from '../store/stream-records.ts';
import type { ControlRecords } from './control-records.ts';
import { mayHide } from './may-run.ts';
import { pickUrls } from './pick-urls.ts';
import { controlPart, partOf, type Removal, type RemovalWish } from './removal.ts';
import { forgetSlotSql } from './slice-rows.ts';

/** @throws FicusError FICUS_USAGE when the slot is another slice's; FICUS_SLOT_UNKNOWN */
export async function planSlot(
  wish: RemovalWish,
  slot: string,
  records: ControlRecords | undefined,
): Promise<Removal> {
  const { config, slice = '' } = wish;
  const recorded = records?.streams.find((stream) => stream.slot === slot);
  refuseOther(slice, slot, recorded);
  const urls = pickUrls({ config, candidateDatabase: undefined }, slice, recorded ? [recorded] : []);
  const { source: legacy, targets } = urls.find(({ slots }) => slots.includes(slot)) ?? urls[0]!;
  const isBack = recorded ? recorded.direction === 'reverse' : isSlotOf(slice, slot, 'reverse');
  const place = isBack ? 'candidate' : 'legacy';
  const source = isBack ? targets[0] : legacy;
  if (!source) {
    const path = isBack ? `slices.${slice}.candidate.database` : 'legacy.database';
    throw new FicusError('FICUS_CONFIG_INVALID', `${path}: is required to remove a slot`);
  }
  const parts = partOf(place, slice, source, await planSlotRemoval(source, slot));
  const [found] = parts;
  if (!recorded && found?.problem === undefined && found?.steps.length === 0)
    throw new FicusError(
      'FICUS_SLOT_UNKNOWN',
      `${found.database} has no slot “${slot}”, and none is recorded.`,
    );
  const control = config.control?.database;
  if (control && recorded)
    parts.push(
      controlPart(control, slice, [{ verb: 'forget', what: `slot “${slot}”`, sql: forgetSlotSql(slot) }]),
    );
  const inUse = mayHide(wish, records) ?? usedBy(config, slice, recorded, records) ?? found?.inUse;
  return { inUse, slice, parts, files: [], remnants: [] };
}

/** Slices may have similar names, and so similar slots: a record decides. */
function refuseOther(slice: string, slot: string, recorded: StreamRecord | undefined): void {
  if (recorded ? recorded.slice === slice : isSlotOf(slice, slot) || isSlotOf(slice, slot, 'reverse')) return;
  const whose = recorded ? `: it is recorded for ${recorded.slice}` : ', by its name';
  throw new FicusError('FICUS_USAGE', `Slot “${slot}” is not one of the slice ${slice}${whose}.`);
}

/**
 * A running slice has recorded the slot that its stream uses. Of several it is the one between the config's databases;
 * when none is, it may be any.
 */
function usedBy(
  config: FicusConfig,
  slice: string,
  recorded: StreamRecord | undefined,
  records: ControlRecords | undefined,
): string | undefined {
  if (!recorded || !records?.running?.includes(slice)) return undefined;
  const own = records.streams.filter(
    (stream) => stream.slice === slice && stream.direction === recorded.direction,
  );
  const current = own.filter((stream) => isBetween(config, slice, stream));
  if (current.length > 0 && !current.includes(recorded)) return undefined;
  return `The running control plane has the slice ${slice} in its config, and its stream uses slot “${recorded.slot}”.`;
}

function isBetween(
  { legacy, slices }: FicusConfig,
  slice: string,
  { direction, ...record }: StreamRecord,
): boolean {
  const [source, target] =
    direction === 'forward' ? [record.source, record.target] : [record.target, record.source];
  const database = Object.hasOwn(slices, slice) ? slices[slice]?.candidate.database : undefined;
  if (!legacy.database || !database) return false;
  return (
    describeDatabase(source) === describeDatabase(legacy.database) &&
    describeDatabase(target) === describeDatabase(database)
  );
}
