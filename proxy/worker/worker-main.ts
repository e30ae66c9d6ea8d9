/** A worker process: waits for its initial state, serves, and ends when the primary asks it to drain or exits. */
import { FicusError } from '@ficus/core';
import { createLogger } from '../observe/create-logger.ts';
import { lineFormatter } from '../observe/log-format.ts';
import { startSpans } from '../observe/start-spans.ts';
import { LineSink } from './line-sink.ts';
import { Worker } from './worker.ts';
import type { PrimaryMessage, WorkerInit, WorkerMessage } from './worker-messages.ts';

const send = (message: WorkerMessage): void => {
  // A primary that has just exited gets no message; `disconnect` follows.
  if (process.connected) process.send!(message, undefined, undefined, () => {});
};

/** A log without a reader must not use up the proxy's memory. */
const MOST_LOG_BYTES = 4 * 1_048_576;

/** Nothing stands between logger and sink where lines stay JSON. */
function destinationOf(sink: LineSink, fd: number): Pick<LineSink, 'write'> {
  const format = lineFormatter(fd, process.env);
  return format ? { write: (line) => sink.write(format(line)) } : sink;
}

let worker: Worker | undefined;
/** Messages that arrive before the worker exists. */
const missed: PrimaryMessage[] = [];

process.on('message', (message: PrimaryMessage) => {
  if (message.kind === 'init') void begin(message.init);
  else if (worker) worker.take(message);
  // No request is served here yet; `init` brings the same pins.
  else if (message.kind === 'drain') process.exit(0);
  else missed.push(message);
  // Answered even before there is a worker: `init` brings what it missed.
  if (message.kind === 'pin') send({ kind: 'took-pin', from: message.from });
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the primary decides what happens then.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', () => (worker ? worker.drain() : process.exit(0)));

send({ kind: 'ready' });

async function begin(init: WorkerInit): Promise<void> {
  // `init` already contains everything before it.
  missed.length = 0;
  const sink = new LineSink({
    fd: init.logFd,
    mostHeldBytes: MOST_LOG_BYTES,
    onDropped: () => worker?.count('ficus_log_lines_dropped_total'),
  });
  const logger = createLogger(init.logLevel, destinationOf(sink, init.logFd), { worker: process.pid });
  // A worker that fails logs one line and is restarted.
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'worker failed');
    sink.flush();
    process.exit(1);
  });
  const spans = await startSpans(process.env);
  try {
    worker = new Worker(init, logger, spans, (message) => {
      send(message);
      if (message.kind !== 'drained') return;
      void sink.end().then((outcome) => {
        // Otherwise only a signal could end a process whose log is not read.
        if (outcome === 'held-up') process.kill(process.pid, 'SIGKILL');
        // The last message must be sent before the channel closes.
        else setImmediate(() => process.disconnect());
      });
    });
    for (const message of missed) worker.take(message);
    worker.listen();
  } catch (error) {
    const code = error instanceof FicusError ? error.code : 'FICUS_INTERNAL';
    send({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  }
}
