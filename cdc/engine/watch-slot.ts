/** Checks slot and publication on the source every few seconds: a slot at risk must be noticed before it is lost. */
import { FicusError, type SlotHealth } from '@ficus/core';
import type pg from 'pg';
import { judgeSlot, readSlot } from '../source/slot.ts';

interface SlotWatch {
  readonly source: pg.Pool;
  readonly slot: string;
  readonly periodMs: number;
  readonly onHealth: (health: SlotHealth) => void;
  /** What the source does not or no longer sends, in a sentence. */
  readonly findGap: () => Promise<string | undefined>;
  /** The source has invalidated the slot, or does not send all that the stream needs. */
  readonly onLost: (error: FicusError) => void;
}

/** Checks at once and then at intervals; returns a function that stops it. */
export function watchSlot({ source, slot, periodMs, onHealth, findGap, onLost }: SlotWatch): () => void {
  let ended = false;
  const check = async () => {
    const facts = await readSlot(source, slot).catch(() => 'unknown' as const);
    if (facts === 'unknown' || ended) return;
    const judged = judgeSlot(slot, facts);
    if (judged.kind === 'lost') {
      onLost(new FicusError('FICUS_CDC_SLOT_LOST', judged.why));
      return;
    }
    const gap = await findGap().catch(() => undefined);
    if (ended) return;
    if (gap) {
      onLost(new FicusError('FICUS_CDC_PUBLICATION_GAP', gap));
      return;
    }
    const { walStatus, retainedBytes, safeWalSize } = judged.slot;
    onHealth({ name: slot, walStatus, retainedBytes, roomBytes: safeWalSize });
  };
  const timer = setInterval(() => void check(), periodMs);
  void check();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}
