/** Slot and publication as the source sees them, every few seconds: a slot in danger must be known before it is lost. */
import { FicusError, type SlotHealth } from '@ficus/core';
import type pg from 'pg';
import { readSlot } from '../source/slot.ts';

export interface SlotWatch {
  readonly source: pg.Pool;
  readonly slot: string;
  readonly periodMs: number;
  readonly onHealth: (health: SlotHealth) => void;
  /** What the source does not send (any more), in a sentence. */
  readonly findGap: () => Promise<string | undefined>;
  /** The source has given the slot up, or does not send all of what the stream is about. */
  readonly onLost: (error: FicusError) => void;
}

/** Looks at once and then again and again; answers how to end it. */
export function watchSlot({ source, slot, periodMs, onHealth, findGap, onLost }: SlotWatch): () => void {
  let ended = false;
  const look = async () => {
    const facts = await readSlot(source, slot).catch(() => 'unknown' as const);
    if (facts === 'unknown' || ended) return;
    if (!facts || facts.walStatus === 'lost' || facts.invalidationReason) {
      const reason = facts ? (facts.invalidationReason ?? 'its WAL was removed') : 'it was dropped';
      onLost(new FicusError('FICUS_CDC_SLOT_LOST', `The source has given up slot “${slot}”: ${reason}.`));
      return;
    }
    const gap = await findGap().catch(() => undefined);
    if (ended) return;
    if (gap) {
      onLost(new FicusError('FICUS_CDC_PUBLICATION_GAP', gap));
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
