/**
 * The load generator: a separate process, so that the load shares no event loop with what it measures. Started by
 * load.ts with an IPC channel; ends when the channel closes.
 */
import { LoadCrowd } from './load-crowd.ts';
import type { FromLoad, ToLoad } from './load-messages.ts';

/** Records in a message: one of all of them would block the channel for seconds. */
const BATCH = 5_000;

let crowd: LoadCrowd | undefined;

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToLoad) => {
  if (message.type === 'stop') void stop();
  else {
    crowd = new LoadCrowd(message.settings, (words) => tell({ type: 'failed', message: words }));
    tell({ type: 'running' });
  }
});

async function stop(): Promise<void> {
  await crowd?.stop();
  for (const records of batches(crowd?.writes ?? [])) tell({ type: 'writes', records });
  for (const records of batches(crowd?.reads ?? [])) tell({ type: 'reads', records });
  tell({ type: 'stopped' });
}

function* batches<T>(records: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < records.length; at += BATCH) yield records.slice(at, at + BATCH);
}

function tell(message: FromLoad): void {
  process.send?.(message);
}
