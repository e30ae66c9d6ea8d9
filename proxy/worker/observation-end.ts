/** Where a worker's observations go: to the primary, to the control plane, or nowhere when there is neither. */
import { type DropReason, LINK_PATHS, type Observation } from '@ficus/core';
import { ObservationQueue } from '../link/observation-queue.ts';
import { postJson } from '../link/post-json.ts';
import type { WorkerInit, WorkerMessage } from './worker-messages.ts';

export interface ObservationEnd {
  observe(observation: Observation): void;
  /** Delivers the rest; resolves when it is sent or lost, at the latest after this time. */
  flush(withinMs: number): Promise<void>;
}

export function openObservationEnd(
  { control, observationsToPrimary }: Pick<WorkerInit, 'control' | 'observationsToPrimary'>,
  send: (message: WorkerMessage) => void,
  onDropped: (slice: string, reason: DropReason) => void,
): ObservationEnd {
  if (observationsToPrimary) {
    return { observe: (observation) => send({ kind: 'observation', observation }), flush: async () => {} };
  }
  if (!control) return { observe: () => {}, flush: async () => {} };
  const queue = new ObservationQueue({
    send: async (batch, signal) => {
      const isFirst = batch.firstSentMs === undefined;
      const path = isFirst ? LINK_PATHS.observations : LINK_PATHS.observationsAgain;
      await postJson(`${control.url}${path}`, batch, control.headers, signal, control.tls);
    },
    onDropped,
  });
  return { observe: (observation) => queue.push(observation), flush: (withinMs) => queue.flush(withinMs) };
}
