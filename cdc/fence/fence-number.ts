/** A fence's state as the number that its sequence holds: epoch × 8 + mode. */
import { FENCE_MODES, type FenceState } from '@ficus/core';

const MODES = 8n;

/** In decimal digits: a bigint of the database. */
export function encodeFenceState({ epoch, mode }: FenceState): string {
  return String(BigInt(epoch) * MODES + BigInt(FENCE_MODES.indexOf(mode)));
}

/** Undefined for null: the fence is not installed. @throws for a number that no version of Ficus sets */
export function decodeFenceState(number: string | null): FenceState | undefined {
  if (number === null) return undefined;
  const value = BigInt(number);
  const mode = FENCE_MODES[Number(value % MODES)];
  if (!mode) throw new Error(`a fence has state ${number}, which this version does not know`);
  return { epoch: Number(value / MODES), mode };
}
