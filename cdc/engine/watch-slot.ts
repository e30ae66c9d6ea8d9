/** The slot as the source sees it, every few seconds: a slot in danger must be known before it is lost. */
import { FicusError, type SlotHealth } from '@ficus/core';
import type pg from 'pg';
import { readSlot } from '../source/slot.ts';

export interface SlotWatch {
  readonly source: pg.Pool;
  readonly slot: string;
  readonly periodMs: number;
  readonly onHealth: (health: SlotHealth) => void;
  /** The source has given the slot up. */
  readonly onLost: (error: FicusError) => void;
}

/** Looks at once and then again and again; answers how to end it. */
export function watchSlot({ source, slot, periodMs, onHealth, onLost }: SlotWatch): () => void {
  let ended = false;
  const look = async () => {
    const facts = await readSlot(source, slot).catch(() => 'unknown' as const);
    if (facts === 'unknown' || ended) return;
    if (!facts || facts.walStatus === 'lost' || facts.invalidationReason) {
      const reason = facts ? (facts.invalidationReason ?? 'its WAL was removed') : 'it was dropped';
      onLost(new FicusError('FICUS_CDC_SLOT_LOST', `The source has given up slot “${slot}”: ${reason}.`));
      return;
    }
    onHealth({
      name: slot,
      walStatus: facts.walStatus,
      retainedBytes: facts.retainedBytes,
      roomBytes: facts.safeWalSize,
    });
  };
  const timer = setInterval(() => void look(), periodMs);
  void look();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}
