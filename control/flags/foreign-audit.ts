/**
 * The audit of flags that are kept outside the control database: the entry is committed before the change, its outcome
 * after it. A built-in flag and its entry are one transaction instead (builtin-flag-store.ts).
 */
import { type MakeChange, makeAudited } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import type { FlagChange } from './flag-store.ts';
import { flipEntry } from './flip-entry.ts';

/** Makes the change and records it. `previous` is the percentage before; `null` when it had none. */
export type AuditForeignChange = (
  change: FlagChange,
  previous: number | null,
  make: MakeChange,
) => Promise<void>;

/** Makes no change without its audit entry. */
export function auditForeignIn(store: Store): AuditForeignChange {
  return (change, previous, make) => makeAudited(store, flipEntry(change, previous), make);
}

/** For a command without a control plane, which has no audit to write to. */
export const withoutAudit: AuditForeignChange = async (_change, _previous, make) => {
  const refusal = await make();
  if (refusal) throw refusal;
};
