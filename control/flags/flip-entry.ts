import type { NewAuditEntry } from '../store/audit-log.ts';
import type { FlagChange } from './flag-store.ts';

/** The audit entry of a flip, wherever the flag is kept. `previous` is `null` when there was no percentage. */
export function flipEntry(change: FlagChange, previous: number | null): NewAuditEntry {
  const { slice, kind, percent, actor, reason } = change;
  return { actor, action: kind, slice, was: { percent: previous }, became: { percent }, reason };
}
