import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import type { Outcome } from '../wire/outcome.ts';
import { mayContinueAnywhereMs, mayContinueMs } from './may-continue.ts';

const timeouts = { ...configSchema.parse({ version: 1, legacy: { url: 'http://a' } }).legacy.timeouts };
const of = (outcome: object, firstByteMs: number, idleMs: number) =>
  mayContinueMs(outcome as Outcome, { ...timeouts, firstByteMs, idleMs });

test.each([
  ['complete', { kind: 'completed', status: 200 }, 0],
  [
    'complete, on a fresh connection after one was lost',
    { kind: 'completed', status: 200, retriedStale: true },
    30,
  ],
  ['not sent', { kind: 'failed', mayHaveBeenSent: false, status: 0 }, 0],
  ['sent, without an answer', { kind: 'failed', mayHaveBeenSent: true, status: 0 }, 30],
  ['broken off within its answer', { kind: 'failed', mayHaveBeenSent: true, status: 200 }, 50],
])('a write that is %s', (_, outcome, continuesMs) => {
  expect(of(outcome, 30, 50)).toBe(continuesMs);
});

test('within its answer for the longer of both', () => {
  expect(of({ kind: 'failed', mayHaveBeenSent: true, status: 200 }, 50, 30)).toBe(50);
});

test('after a crash: the longest silence of any upstream, before an answer or within it', () => {
  const config = configSchema.parse({
    version: 1,
    legacy: { url: 'http://a', timeouts: { firstByteMs: 30, idleMs: 40 } },
    slices: {
      notes: {
        candidate: { url: 'http://b', timeouts: { firstByteMs: 20, idleMs: 70 } },
        routes: [{ id: 'list', path: '/notes' }],
      },
    },
  });
  expect(mayContinueAnywhereMs(config)).toBe(70);
});
