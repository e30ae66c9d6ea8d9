import { expect, test } from 'vitest';
import { evaluateData } from './data-guard.ts';
import { streamOf } from './guard-facts.fixture.ts';

const copying = {
  rowsCopied: 3,
  rowsTotal: 10,
  rowsPerSecond: 1,
  percent: 30,
  timeLeftMs: null,
  done: false,
};
const problem = { code: 'FICUS_CDC_SLOT_LOST', message: 'the slot is lost.', remedy: 'copy again' };
const unhealthy = { healthy: false } as const;

test.each([
  ['no stream', null, 'pass', 'The slice has no change stream.'],
  ['a healthy stream', streamOf(), 'pass', 'The candidate’s data is complete and its stream works.'],
  [
    'a first copy in progress',
    streamOf({ ...unhealthy, state: 'copying', copied: false, copy: copying }),
    'fail',
    'The first copy is not complete (3 of about 10 rows).',
  ],
  [
    'a stopped stream',
    streamOf({ ...unhealthy, state: 'stopped', reason: 'the slot is lost.', problem }),
    'fail',
    'The candidate’s stream is stopped: the slot is lost.',
  ],
  [
    'a stream without progress',
    streamOf({ ...unhealthy, reason: 'the stream is stalled' }),
    'fail',
    'The candidate’s data is not ready: the stream is stalled.',
  ],
] as const)('%s', (_case, replication, answer, text) => {
  expect(evaluateData({ replication })).toMatchObject({ answer, text });
});
