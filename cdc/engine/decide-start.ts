/**
 * Decides whether a stream begins, continues or must not start, from the target's checkpoint and the source's state. A
 * lost or recreated slot no longer has all changes; requesting an older position from it would skip them silently.
 */
import { type ErrorCode, parseLsn } from '@ficus/core';
import type { Checkpoint } from '../apply/checkpoint.ts';
import type { SystemIdentity } from '../source/replication-connection.ts';
import { judgeSlot, type SlotFacts } from '../source/slot.ts';

export interface StartFacts {
  readonly checkpoint: Checkpoint | undefined;
  readonly slot: SlotFacts | undefined;
  readonly system: SystemIdentity;
  /** How far the source's WAL goes, read after the checkpoint. */
  readonly sourceLsn: string;
  readonly epoch: number;
}

type StartDecision =
  /** Nothing was ever copied: create the slot (dropping what a failed attempt left), then the checkpoint. */
  | { readonly kind: 'begin'; readonly dropSlot: boolean }
  | { readonly kind: 'resume'; readonly lsn: string }
  | {
      readonly kind: 'refuse';
      readonly code: ErrorCode;
      readonly message: string;
      /** Later starts would take the slot for usable. */
      readonly dropSlot?: boolean;
    };

export function decideStart({ checkpoint, slot, system, sourceLsn, epoch }: StartFacts): StartDecision {
  if (!checkpoint) return { kind: 'begin', dropSlot: slot !== undefined };
  if (checkpoint.epoch > epoch)
    return refuse(
      'FICUS_CDC_EPOCH_BEHIND',
      `The target is in epoch ${checkpoint.epoch}, this process in ${epoch}.`,
    );
  if (checkpoint.systemIdentifier !== system.systemIdentifier)
    return refuse(
      'FICUS_CDC_SOURCE_CHANGED',
      `The source is cluster ${system.systemIdentifier}; the rows were copied from ${checkpoint.systemIdentifier}.`,
    );
  if (checkpoint.timeline !== system.timeline)
    return refuse(
      'FICUS_CDC_SOURCE_CHANGED',
      `The source is on timeline ${system.timeline}; the checkpoint is on timeline ${checkpoint.timeline}.`,
    );
  // A volume that was restored keeps its identity and timeline. What is written until it has passed the checkpoint again
  // would be skipped as applied; from then on nothing shows it, so the slot must not be there any more.
  if (parseLsn(sourceLsn) < parseLsn(checkpoint.lsn)) {
    const why = `The source’s WAL ends at ${sourceLsn}, before the checkpoint at ${checkpoint.lsn}: it was restored to an earlier state.`;
    return { ...refuse('FICUS_CDC_SOURCE_CHANGED', why), dropSlot: slot !== undefined };
  }
  const judged = judgeSlot(checkpoint.slot, slot);
  if (judged.kind === 'lost') return refuse('FICUS_CDC_SLOT_LOST', judged.why);
  const { confirmedFlushLsn } = judged.slot;
  if (parseLsn(confirmedFlushLsn) > parseLsn(checkpoint.lsn))
    return refuse(
      'FICUS_CDC_SLOT_LOST',
      `Slot “${checkpoint.slot}” begins at ${confirmedFlushLsn}, after the checkpoint at ${checkpoint.lsn}: it was recreated.`,
    );
  return { kind: 'resume', lsn: checkpoint.lsn };
}

function refuse(code: ErrorCode, message: string) {
  return { kind: 'refuse', code, message } as const;
}
