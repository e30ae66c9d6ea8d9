import type { CutoverView } from '@ficus/contract';
import { FicusError } from '@ficus/core';
import { expect, test, vi } from 'vitest';
import { attemptOf, cutoverOf } from '../output/attempt.fixture.ts';
import { followAttempt } from './follow-attempt.ts';

const runningIn = (step: 'arm' | 'fence' | 'lift', journaledAt: string | null = null) =>
  cutoverOf(attemptOf({ state: 'running', step, finishedAt: null, journaledAt }));
const DONE = cutoverOf(attemptOf());
const away = () => new FicusError('FICUS_CONTROL_UNREACHABLE', 'No control plane answers at http://x.');

type Reply = CutoverView | Error;

/** Each call shows its views, and fails or resolves with the last. */
function controlOf(calls: readonly (readonly Reply[])[]) {
  let at = 0;
  return {
    followCutover: async (_: string, { onProgress }: { onProgress?: (view: CutoverView) => void } = {}) => {
      const replies = calls[Math.min(at, calls.length - 1)]!;
      at += 1;
      for (const reply of replies) {
        if (reply instanceof Error) throw reply;
        onProgress?.(reply);
      }
      return replies.at(-1) as CutoverView;
    },
  };
}

const follow = (calls: readonly (readonly Reply[])[], signal = new AbortController().signal) => {
  const [onProgress, onAway] = [vi.fn(), vi.fn()];
  const end = followAttempt(controlOf(calls), {
    ...{ begun: runningIn('arm'), signal, onProgress, onAway, patienceMs: 0 },
  });
  return { end, onProgress, onAway };
};

test('resolves with the end', async () => {
  const { end, onProgress } = follow([[runningIn('fence'), DONE]]);
  expect(await end).toBe(DONE);
  expect(onProgress).toHaveBeenCalledTimes(2);
});

test('a restart of the control plane is waited for', async () => {
  const onAway = vi.fn();
  const options = {
    begun: runningIn('arm'),
    signal: new AbortController().signal,
    onProgress: vi.fn(),
    onAway,
  };
  expect(await followAttempt(controlOf([[away()], [runningIn('lift'), away()], [DONE]]), options)).toBe(DONE);
  expect(onAway.mock.calls.map(([{ step }]) => step)).toEqual(['arm', 'lift']);
});

test.each([
  [runningIn('fence'), 'step fence: it was not in the journal'],
  [runningIn('lift', '2026-05-01T10:00:00.000Z'), 'step lift: it is in the journal: the owner has changed'],
])('one that stays away: what is known, and that the outcome is not', async (seen, text) => {
  const { end } = follow([[seen, away()]]);
  await expect(end).rejects.toMatchObject({
    code: 'FICUS_CUTOVER_NOT_FOLLOWED',
    message: expect.stringContaining(text),
  });
});

test('an interrupt stops the watching: what was seen last is the answer', async () => {
  const stopping = new AbortController();
  stopping.abort();
  const last = runningIn('fence');
  expect(await follow([[last, away()]], stopping.signal).end).toBe(last);
});

test('any other error is passed on', async () => {
  const denied = new FicusError('FICUS_CONTROL_FORBIDDEN', 'No.');
  await expect(follow([[denied]]).end).rejects.toBe(denied);
});

test('the outcome of another attempt is not taken for that of this one', async () => {
  const other = cutoverOf(attemptOf({ operation: 'rollback', epoch: 5, actor: 'bob' }));
  await expect(follow([[other]]).end).rejects.toMatchObject({
    code: 'FICUS_CUTOVER_OVERTAKEN',
    message: expect.stringContaining('a rollback by bob followed'),
  });
});
