/** Whether a change stream makes progress. Health is progress: an open socket proves nothing. */
import type { ReplicationStatus } from '@ficus/core';

type StreamHealth = { readonly healthy: true } | { readonly healthy: false; readonly reason: string };

/** A heartbeat comes back each second or so; when the newest is older than this, the stream makes no progress. */
export const STALLED_MS = 10_000;

/** Whether the other side is at most a moment behind. @param copied undefined: not known */
export function evaluateHealth(status: ReplicationStatus, copied: boolean | undefined): StreamHealth {
  const no = (reason: string): StreamHealth => ({ healthy: false, reason });
  switch (status.state) {
    case 'stopped':
      return no(status.problem?.message ?? 'the stream is stopped');
    case 'starting':
      return no(status.problem?.message ?? 'the stream has not started');
    case 'copying':
      return no(`the first copy is not complete${becauseOf(status)}`);
    case 'streaming':
    case 'standby':
    case 'reconnecting':
      break;
  }
  if (copied === undefined)
    return no(`it is not known yet whether the first copy is complete${becauseOf(status)}`);
  if (!copied) {
    return no(`the first copy is not complete${becauseOf(status)}`);
  }
  if (status.lagMs > STALLED_MS)
    return no(
      `the stream makes no progress: its newest heartbeat is ${Math.round(status.lagMs / 1000)} s old${becauseOf(status)}`,
    );
  return { healthy: true };
}

function becauseOf({ problem }: ReplicationStatus): string {
  return problem ? `: ${problem.message}` : '';
}
