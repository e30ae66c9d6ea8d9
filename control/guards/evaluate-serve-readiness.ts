/** The guard before a share above 0 %: is the candidate's data there, and does it keep up? */
import type { ReplicationView } from '@ficus/contract';

export type ServeReadiness = { readonly answer: 'pass' } | { readonly answer: 'fail'; readonly text: string };

/** @param replication `undefined` for a slice without tables */
export function evaluateServeReadiness(replication: ReplicationView | undefined): ServeReadiness {
  if (!replication || replication.healthy) return { answer: 'pass' };
  const reason = trimDot(replication.reason ?? 'its stream makes no progress');
  if (replication.state === 'stopped') return { answer: 'fail', text: `its stream is stopped: ${reason}` };
  const { copy, copied, problem } = replication;
  if (copied || problem || !copy) return { answer: 'fail', text: reason };
  return {
    answer: 'fail',
    text: `the first copy is not complete (${copy.rowsCopied} of about ${copy.rowsTotal} rows)`,
  };
}

const trimDot = (text: string): string => text.replace(/\.$/, '');
