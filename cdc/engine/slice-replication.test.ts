/** How a stream handles a fault of our own: it reports it to the program that runs it, and continues. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { ReplicationOptions } from '../replication.ts';
import type { PreparedStream } from './prepare-stream.ts';
import type { SessionStatus } from './session-host.ts';
import { SliceReplication } from './slice-replication.ts';

const PREPARED = { checkpoint: { slot: 'facts', lsn: '0/0' } } as PreparedStream;
const SESSION = { pendingTransactions: 0, copyProgress: () => ({ done: true }) } as unknown as SessionStatus;

/** A session that runs although none was started. */
function faultyStream(options: Partial<ReplicationOptions>): SliceReplication {
  const url = 'postgres://127.0.0.1:9/none';
  const stream = new SliceReplication({
    slice: 'facts',
    tables: [],
    sourceUrl: url,
    targetUrl: url,
    ...options,
  });
  stream.started(PREPARED, SESSION);
  return stream;
}

test('an invalid transition is reported to the program as a fault, and the state is entered', () => {
  const faults: string[] = [];
  const stream = faultyStream({ onFault: ({ message }) => faults.push(message) });
  expect(faults).toEqual(['state streaming may not follow idle']);
  expect(stream.status().state).toBe('streaming');
});

test('a fault is logged, with or without a handler', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  expect(faultyStream({ logger }).status().state).toBe('streaming');
  faultyStream({ logger, onFault: () => undefined });
  const line = {
    level: 50,
    slice: 'facts',
    from: 'idle',
    to: 'streaming',
    msg: 'state streaming may not follow idle',
  };
  expect(lines).toMatchObject([line, line]);
});
