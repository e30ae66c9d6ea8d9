import type { Observation, ObservationBatch } from '@ficus/core';
import { afterEach, expect, test, vi } from 'vitest';
import { ObservationQueue } from './observation-queue.ts';
import { PostFailure } from './post-json.ts';

afterEach(() => vi.useRealTimers());

const observation = (field: string): Observation => ({
  slice: 'notes',
  route: 'list',
  requestId: 'r',
  traceId: 't',
  at: 0,
  method: 'GET',
  httpVersion: '1.1',
  target: '/api/notes',
  targets: { legacy: '/api/notes', candidate: '/api/notes' },
  requestHeaders: [['x-long', field]],
  caller: 'anonymous',
  servedBy: 'legacy',
  owner: 'legacy',
  epoch: 1,
  pinned: false,
  legacy: {
    status: 200,
    headers: [['x-long', field]],
    body: Buffer.alloc(0),
    truncated: false,
    durationMs: 1,
  },
  candidate: { failed: 'refused', durationMs: 1 },
});

const NOT_LATE_MS = 60_000;

test('long heads count with their real size: the bound is on memory', async () => {
  const dropped: string[] = [];
  const sent: number[] = [];
  const queue = new ObservationQueue({
    send: async ({ observations }: ObservationBatch) => void sent.push(observations.length),
    onDropped: (slice, reason) => dropped.push(`${slice} ${reason}`),
    limitBytes: 100_000,
  });
  for (let index = 0; index < 5; index += 1) queue.push(observation('a'.repeat(20_000)));
  expect(dropped).toEqual(Array.from({ length: 3 }, () => 'notes observation-queue-full'));
  await queue.flush(NOT_LATE_MS);
  for (let index = 0; index < 5; index += 1) queue.push(observation('a'));
  expect(dropped).toHaveLength(3);
  await queue.flush(NOT_LATE_MS);
  expect(sent).toEqual([2, 5]);
});

test('flush waits for the batch in progress and sends the rest', async () => {
  const first = Promise.withResolvers<void>();
  const sent: number[] = [];
  const queue = new ObservationQueue({
    send: async ({ observations }: ObservationBatch) => {
      if (sent.length === 0) await first.promise;
      sent.push(observations.length);
    },
    onDropped: () => {},
  });
  // A full batch leaves at once.
  for (let index = 0; index < 101; index += 1) queue.push(observation('a'));
  const flushed = queue.flush(NOT_LATE_MS);
  first.resolve();
  await flushed;
  expect(sent).toEqual([100, 1]);
});

test('flush gives up when the control plane does not answer, and counts the loss', async () => {
  const dropped: string[] = [];
  let asked = 0;
  const queue = new ObservationQueue({
    send: async () => {
      asked += 1;
      throw new Error('no answer');
    },
    onDropped: (_, reason) => dropped.push(reason),
  });
  for (let index = 0; index < 450; index += 1) queue.push(observation('a'));
  await queue.flush(NOT_LATE_MS);
  expect(dropped).toEqual(Array.from({ length: 450 }, () => 'control-unreachable'));
  expect(asked).toBeLessThanOrEqual(2);
});

/** A queue whose tries answer as the test says; `undefined` takes the batch, `never` waits until it is ended. */
function queueWith(outcomes: readonly (PostFailure | 'never' | undefined)[]) {
  const tries: ObservationBatch[] = [];
  const dropped: string[] = [];
  const queue = new ObservationQueue({
    send: async (batch, signal) => {
      const outcome = outcomes[tries.push(batch) - 1];
      if (outcome === 'never') {
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new PostFailure('ended', true))),
        );
      } else if (outcome) throw outcome;
    },
    onDropped: (_, reason) => dropped.push(reason),
  });
  return { queue, tries, dropped };
}

const missing = new PostFailure('timeout', true);
const refused = new PostFailure('ECONNREFUSED', false);

test('a batch without an answer is sent once more, with its number and when it was first sent', async () => {
  const { queue, tries, dropped } = queueWith([undefined, missing, undefined, undefined]);
  for (let batch = 0; batch < 3; batch += 1) {
    queue.push(observation('a'));
    await queue.flush(NOT_LATE_MS);
  }
  expect(tries.map(({ number }) => number)).toEqual([1, 2, 2, 3]);
  expect(tries.map(({ firstSentMs }) => typeof firstSentMs)).toEqual([
    ...['undefined', 'undefined', 'number', 'undefined'],
  ]);
  expect(tries[2]!.observations).toBe(tries[1]!.observations);
  expect(new Set(tries.map(({ sender }) => sender)).size).toBe(1);
  expect(dropped).toEqual([]);
});

test.each([
  ['no answer again', missing],
  ['a refusal', new PostFailure('the control plane answered 409', false, 409)],
  ['a refused connection', refused],
])('after %s it is unknown what became of the batch, and there is no third try', async (_, second) => {
  const { queue, tries, dropped } = queueWith([missing, second]);
  queue.push(observation('a'));
  queue.push(observation('a'));
  await queue.flush(NOT_LATE_MS);
  expect([dropped, tries.length]).toEqual([['arrival-unknown', 'arrival-unknown'], 2]);
});

test('a batch that certainly has not arrived is not sent again', async () => {
  const { queue, tries, dropped } = queueWith([refused]);
  queue.push(observation('a'));
  await queue.flush(NOT_LATE_MS);
  expect([dropped, tries.length]).toEqual([['control-unreachable'], 1]);
});

const busy = new PostFailure('the control plane answered 429', false, 429, 'FICUS_CONTROL_TOO_MANY_BATCHES');

test('a batch that a busy control plane did not take is sent again, with its number, in a second', async () => {
  vi.useFakeTimers();
  const { queue, tries, dropped } = queueWith([busy, busy, missing, busy, undefined]);
  queue.push(observation('a'));
  const flushed = queue.flush(NOT_LATE_MS);
  await vi.advanceTimersByTimeAsync(999);
  expect(tries).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(3_000);
  await flushed;
  expect(tries.map(({ number, firstSentMs }) => [number, firstSentMs !== undefined])).toEqual([
    ...[false, false, false, true, true].map((again) => [1, again]),
  ]);
  expect(dropped).toEqual([]);
});

test.each([
  ['a wrong token was sent too often', 'FICUS_CONTROL_TOO_MANY_REFUSALS'],
  ['something before the control plane limits requests', undefined],
] as const)('a 429 because %s is a refusal, not a busy control plane', async (_, code) => {
  const { queue, tries, dropped } = queueWith([new PostFailure('answered 429', false, 429, code)]);
  queue.push(observation('a'));
  await queue.flush(NOT_LATE_MS);
  expect([dropped, tries.length]).toEqual([['control-unreachable'], 1]);
});

test('each post of a batch that is sent again says how long ago the one without an answer left', async () => {
  vi.useFakeTimers();
  const { queue, tries } = queueWith([busy, 'never', busy, busy, undefined]);
  queue.push(observation('a'));
  const flushed = queue.flush(NOT_LATE_MS);
  await vi.advanceTimersByTimeAsync(8_000);
  await flushed;
  // A second for the first busy answer does not count: that post was certainly not taken.
  expect(tries.map(({ firstSentMs }) => firstSentMs)).toEqual([
    ...[undefined, undefined, 5_000, 6_000, 7_000],
  ]);
});

test.each([
  ['stays busy', NOT_LATE_MS, 21],
  ['is busy at the end', 1_500, 2],
])('when it %s, the loss is counted', async (_, withinMs, most) => {
  vi.useFakeTimers();
  const { queue, tries, dropped } = queueWith(Array(50).fill(busy));
  queue.push(observation('a'));
  const flushed = queue.flush(withinMs);
  await vi.advanceTimersByTimeAsync(withinMs);
  await flushed;
  expect([dropped, tries.length]).toEqual([['control-unreachable'], most]);
});

test('a batch has a megabyte at most, or one observation', async () => {
  const { queue, tries } = queueWith([]);
  for (const length of [400, 400, 1_500, 100]) queue.push(observation('a'.repeat(length * 512)));
  await queue.flush(NOT_LATE_MS);
  expect(tries.map(({ observations }) => observations.length)).toEqual([2, 1, 1]);
});

test.each([
  ['the first try', []],
  ['the second try', [missing]],
])('a flush is over in its time while %s has no answer, and the loss is counted', async (_, outcomes) => {
  vi.useFakeTimers();
  const { queue, tries, dropped } = queueWith([...outcomes, 'never']);
  // A full batch leaves before the flush; the rest would be the next.
  for (let index = 0; index < 101; index += 1) queue.push(observation('a'));
  await vi.advanceTimersByTimeAsync(0);
  const flushed = queue.flush(1_000);
  await vi.advanceTimersByTimeAsync(999);
  expect(dropped).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await flushed;
  expect(tries.length).toBe(outcomes.length + 1);
  expect(dropped).toEqual([...Array.from({ length: 100 }, () => 'arrival-unknown'), 'control-unreachable']);
});
