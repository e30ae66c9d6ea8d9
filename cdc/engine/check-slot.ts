/** Slot and publication of a running stream: whether the source still sends all of it, and is not harmed by it. */
import { FicusError, type SlotHealth } from '@ficus/core';
import type pg from 'pg';
import { protectSource } from '../source/protect-source.ts';
import { findChange } from '../source/publication.ts';
import { judgeSlot, readSlot } from '../source/slot.ts';
import { RestartSession } from './classify-failure.ts';
import type { PreparedStream } from './prepare-stream.ts';

/** @returns the slot's health, or why the stream cannot continue, or not without being prepared again */
export async function checkSlot(
  source: pg.Pool,
  { names, plans, published, checkpoint: { slot } }: PreparedStream,
): Promise<SlotHealth | FicusError | RestartSession> {
  const tables = plans.map((plan) => plan.source);
  const undone = await protectSource(
    source,
    names.publication,
    tables.map(({ qualifiedName }) => qualifiedName),
  );
  if (undone) return undone;
  const judged = judgeSlot(slot, await readSlot(source, slot));
  if (judged.kind === 'lost') return new FicusError('FICUS_CDC_SLOT_LOST', judged.why);
  const { gap, hasNewOwner } = await findChange(source, names.publication, tables, published);
  if (gap) return new FicusError('FICUS_CDC_PUBLICATION_GAP', gap);
  if (hasNewOwner) return new RestartSession('the publication has a new owner');
  const { walStatus, retainedBytes, safeWalSize } = judged.slot;
  return { name: slot, walStatus, retainedBytes, roomBytes: safeWalSize };
}
