/**
 * Checks slot and publication on the source about every second: a slot at risk must be noticed before it is lost, and a
 * publication that keeps the source from writing must not stay.
 */
import { FicusError, type SlotHealth } from '@ficus/core';
import type pg from 'pg';
import { judgeSlot, readSlot } from '../source/slot.ts';

interface SlotWatch {
  readonly source: pg.Pool;
  readonly slot: string;
  readonly periodMs: number;
  readonly onHealth: (health: SlotHealth) => void;
  /** Undoes what keeps the source from writing; what it found, if anything. */
  readonly protect: () => Promise<FicusError | undefined>;
  /** What the source does not or no longer sends, in a sentence. */
  readonly findGap: () => Promise<string | undefined>;
  /** The source has invalidated the slot, or does not send all that the stream needs. */
  readonly onLost: (error: FicusError) => void;
}

/** Checks at once and then at intervals; returns a function that stops it. */
export function watchSlot(watch: SlotWatch): () => void {
  let ended = false;
  let checking = false;
  const check = async () => {
    if (checking) return;
    checking = true;
    // A source that does not answer shows elsewhere.
    const found = await lookAt(watch).catch(() => undefined);
    checking = false;
    if (ended || found === undefined) return;
    if (found instanceof FicusError) watch.onLost(found);
    else watch.onHealth(found);
  };
  const timer = setInterval(() => void check(), watch.periodMs);
  void check();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}

async function lookAt({
  source,
  slot,
  protect,
  findGap,
}: SlotWatch): Promise<SlotHealth | FicusError | undefined> {
  const undone = await protect();
  if (undone) return undone;
  const judged = judgeSlot(slot, await readSlot(source, slot));
  if (judged.kind === 'lost') return new FicusError('FICUS_CDC_SLOT_LOST', judged.why);
  const gap = await findGap();
  if (gap) return new FicusError('FICUS_CDC_PUBLICATION_GAP', gap);
  const { walStatus, retainedBytes, safeWalSize } = judged.slot;
  return { name: slot, walStatus, retainedBytes, roomBytes: safeWalSize };
}
