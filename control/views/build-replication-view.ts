/** The view of a slice's change stream, with its health. */
import type { ReplicationView } from '@ficus/contract';
import { copyPercent, copyTimeLeftMs, type ReplicationStatus } from '@ficus/core';
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
    ...lagOf(status),
    missingDeletes: status.missingDeletes ?? 0,
    copy: status.copy
      ? { ...status.copy, percent: copyPercent(status.copy), timeLeftMs: copyTimeLeftMs(status.copy) }
      : null,
    slot: viewSlot(status.slot),
    problem: status.problem ?? null,
    copied: copied === true,
    healthy: health.healthy,
    reason: health.healthy ? null : health.reason,
  };
}

/**
 * A stream that does not run receives nothing, and its own numbers say nothing of what waits for it. The slot does; one
 * that was seen without a backlog was seen before the stream ended.
 */
export function lagOf(status: ReplicationStatus): Pick<ReplicationView, 'lagBytes' | 'lagTransactions'> {
  if (status.state === 'copying' || status.state === 'streaming')
    return { lagBytes: status.lagBytes, lagTransactions: status.lagTransactions ?? 0 };
  return { lagBytes: status.slot?.behindBytes || null, lagTransactions: null };
}

function viewSlot(slot: ReplicationStatus['slot']): ReplicationView['slot'] {
  if (!slot) return null;
  const { name, walStatus, retainedBytes, roomBytes = null } = slot;
  return { name, walStatus, retainedBytes, roomBytes };
}
