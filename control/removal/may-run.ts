/** Whether a running control plane may use what is to be removed. */
import type { ControlRecords } from './control-records.ts';
import type { RemovalWish } from './removal.ts';

/** Why a stream of the slice, or of any, may run or start at any moment. */
export function mayRun(wish: RemovalWish, records: ControlRecords | undefined): string | undefined {
  return mayHide(wish, records) ?? runs(wish.slice, records);
}

/** A control database that is away cannot say whether a control plane runs. */
export function mayHide({ config }: RemovalWish, records: ControlRecords | undefined): string | undefined {
  if (config.control?.database && !records)
    return 'The control database cannot be reached, so a control plane may be running. If that database is gone for good, take control.database out of the config.';
  return undefined;
}

function runs(slice: string | undefined, records: ControlRecords | undefined): string | undefined {
  const running = records?.running;
  if (!running || (slice !== undefined && !running.includes(slice))) return undefined;
  return slice === undefined
    ? 'A control plane runs on this control database; stop it first.'
    : `The running control plane has the slice ${slice} in its config.`;
}
