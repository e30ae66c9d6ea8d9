/**
 * A changed config must not take the ground from under an attempt: where a slice’s tables are, and that it has them, stays
 * until the attempt has ended. Proxies would otherwise hold the writes of a slice of which they hear nothing more. Called
 * before a config is applied.
 */
import { type FicusConfig, FicusError } from '@ficus/core';

/**
 * @param isMoving whether a cutover or rollback of the slice is under way
 * @throws FicusError FICUS_CUTOVER_BUSY
 */
export function refuseMoving(
  running: FicusConfig,
  next: FicusConfig,
  isMoving: (slice: string) => boolean,
): void {
  const changed = Object.keys(running.slices).find(
    (slice) => isMoving(slice) && groundOf(running, slice) !== groundOf(next, slice),
  );
  if (changed === undefined) return;
  throw new FicusError(
    'FICUS_CUTOVER_BUSY',
    `slices.${changed}: a cutover or rollback is under way, so that its tables and databases stay until that has ended, or the control plane is restarted.`,
  );
}

function groundOf({ legacy, slices }: FicusConfig, slice: string): string {
  const { tables, candidate } = (Object.hasOwn(slices, slice) ? slices[slice] : undefined) ?? {};
  return JSON.stringify([tables, legacy.database, candidate?.database]);
}
