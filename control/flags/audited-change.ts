/** A flip of a flag that is kept outside the control database, together with its audit entry. */
import { recordAudit } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import type { FlagChange } from './flag-store.ts';

/** Makes the change and records it. `previous` is the percentage before; `null` when it had none. */
export type AuditedChange = (
  change: FlagChange,
  previous: number | null,
  make: () => Promise<void>,
) => Promise<void>;

/** Without its audit entry there is no change, and without the change no entry: the transaction ends after both. */
export function auditIn(store: Store): AuditedChange {
  return ({ slice, kind, percent, actor, reason }, previous, make) =>
    store.transaction(async (query) => {
      await recordAudit(query, {
        actor,
        action: kind,
        slice,
        was: { percent: previous },
        became: { percent },
        reason,
      });
      await make();
    });
}

/** For a command without a control plane: there is no audit to write to. */
export const withoutAudit: AuditedChange = (_change, _previous, make) => make();
