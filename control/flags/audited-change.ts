/** A flip of a flag that is kept outside the control database, with its audit entry. */
import { type MakeChange, makeAudited } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import type { FlagChange } from './flag-store.ts';

/** Makes the change and records it. `previous` is the percentage before; `null` when it had none. */
export type AuditedChange = (change: FlagChange, previous: number | null, make: MakeChange) => Promise<void>;

/** Makes no change without its audit entry. */
export function auditIn(store: Store): AuditedChange {
  return ({ slice, kind, percent, actor, reason }, previous, make) =>
    makeAudited(
      store,
      { actor, action: kind, slice, was: { percent: previous }, became: { percent }, reason },
      make,
    );
}

/** For a command without a control plane, which has no audit to write to. */
export const withoutAudit: AuditedChange = async (_change, _previous, make) => {
  const refusal = await make();
  if (refusal) throw refusal;
};
