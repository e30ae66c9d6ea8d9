/** The engine in a separate process that a test can kill. Communicates over its parent's IPC channel. */
import { openReplication, type ReplicationOptions } from '@ficus/cdc';
import type { ReplicationStatus } from '@ficus/core';
import { pino } from 'pino';
import { failTheRun } from '../parts/fail-the-run.ts';
import './die-at-failpoint.ts';
import { plantMutant } from './mutants.ts';

export type ToChild =
  | { readonly type: 'wait'; readonly id: number; readonly lsn: string; readonly timeoutMs: number }
  | { readonly type: 'drop'; readonly id: number };

export type FromChild =
  | { readonly type: 'status'; readonly status: ReplicationStatus; readonly copied: boolean }
  | { readonly type: 'answer'; readonly id: number; readonly ok: boolean };

if (process.env.FICUS_MUTATION) plantMutant(process.env.FICUS_MUTATION);

const options = JSON.parse(process.argv[2] ?? '{}') as ReplicationOptions;
const level = process.env.FICUS_LOG_LEVEL;
const replication = openReplication({
  ...options,
  onFault: failTheRun,
  ...(level && { logger: pino({ level }, pino.destination(2)) }),
});

function say(message: FromChild): void {
  // The parent may already be gone; then exit too.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToChild) => {
  const work =
    message.type === 'wait'
      ? replication.waitForPosition(message.lsn, message.timeoutMs)
      : replication.drop().then(() => true);
  work.then(
    (ok) => say({ type: 'answer', id: message.id, ok }),
    () => say({ type: 'answer', id: message.id, ok: false }),
  );
});

await replication.start();
replication.subscribe((status) => {
  void replication.copied().then(
    (copied) => say({ type: 'status', status, copied }),
    () => undefined,
  );
});
