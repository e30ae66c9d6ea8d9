/**
 * A worker process: waits for what it begins with, serves, and ends when told to drain or when its primary is gone.
 */

import { FicusError } from '@ficus/core';
import { createLogger } from '../observe/create-logger.ts';
import { startSpans } from '../observe/spans.ts';
import { LineSink } from './line-sink.ts';
import { Worker } from './worker.ts';
import type { PrimaryMessage, WorkerInit, WorkerMessage } from './worker-messages.ts';

const send = (message: WorkerMessage): void => {
  // A primary that has just gone cannot be told anything; `disconnect` follows.
  if (process.connected) process.send!(message, undefined, undefined, () => {});
};

/** A log that stands still must not take the memory of what the proxy is there for. */
const MOST_LOG_BYTES = 4 * 1_048_576;

let plane: Worker | undefined;
/** Came between the first message and the plane's being there. */
const missed: PrimaryMessage[] = [];

process.on('message', (message: PrimaryMessage) => {
  if (message.kind === 'init') void begin(message.init);
  else if (plane) plane.take(message);
  // Nobody is served here yet. Kept for later it would be forgotten with what `init` makes old.
  else if (message.kind === 'drain') process.exit(0);
  else missed.push(message);
  // Said even before there is a plane: what was missed is taken over with it.
  if (message.kind === 'pin') send({ kind: 'took-pin', from: message.from });
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the primary decides what happens then.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', () => (plane ? plane.drain() : process.exit(0)));

send({ kind: 'ready' });

async function begin(init: WorkerInit): Promise<void> {
  // What came before `init` is in it already.
  missed.length = 0;
  const sink = new LineSink({
    fd: init.logFd,
    mostHeldBytes: MOST_LOG_BYTES,
    onDropped: () => plane?.snapshot.counters.add('ficus_log_lines_dropped_total'),
  });
  const logger = createLogger(init.logLevel, sink, { worker: process.pid });
  // A worker that has lost its way says so in one line and is replaced.
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'worker failed');
    sink.flush();
    process.exit(1);
  });
  const spans = await startSpans(process.env);
  try {
    plane = new Worker(init, logger, spans, (message) => {
      send(message);
      if (message.kind !== 'drained') return;
      sink.flush();
      // The last message has to be out before the channel closes.
      setImmediate(() => process.disconnect());
    });
    for (const message of missed) plane.take(message);
    plane.listen();
  } catch (error) {
    const code = error instanceof FicusError ? error.code : 'FICUS_INTERNAL';
    send({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  }
}
