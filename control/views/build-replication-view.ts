/** The view of a slice's change stream, with its health. */
import type { ReplicationView } from '@ficus/contract';
import { copyPercent, copyTimeLeftMs } from '@ficus/core';
import { evaluateHealth } from '../replications/evaluate-health.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';

/** `undefined` for a slice without tables. */
export function buildReplicationView(
  replications: ReplicationSet,
  slice: string,
): ReplicationView | undefined {
  const status = replications.status(slice);
  if (!status) return undefined;
  const copied = replications.copied(slice);
  const health = evaluateHealth(status, copied);
  return {
    ...status,
    lagTransactions: status.lagTransactions ?? 0,
    missingDeletes: status.missingDeletes ?? 0,
    copy: status.copy
      ? { ...status.copy, percent: copyPercent(status.copy), timeLeftMs: copyTimeLeftMs(status.copy) }
      : null,
    slot: status.slot ? { ...status.slot, roomBytes: status.slot.roomBytes ?? null } : null,
    problem: status.problem ?? null,
    copied,
    healthy: health.healthy,
    reason: health.healthy ? null : health.reason,
  };
}
