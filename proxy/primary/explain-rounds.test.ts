import { expect, test } from 'vitest';
import type { WorkerExplanation } from '../explain/explanation.ts';
import { ExplainRounds, sumUp } from './explain-rounds.ts';

/** What is summed up; the rest goes along. */
const MOVED = {
  serve: 'candidate',
  reason: 'serve-flag-on',
  answer: null,
  path: '/api/notes',
} as WorkerExplanation;
const broken = { ...MOVED, serve: 'legacy' as const, reason: 'breaker-open' };
const QUESTION = { method: 'GET', url: '/api/notes' };

function play() {
  const asked: { worker: number; ask: number }[] = [];
  const timers: (() => void)[] = [];
  const rounds = new ExplainRounds({
    send: (message, worker) => {
      if (message.kind === 'explain') asked.push({ worker, ask: message.ask });
    },
    later: (action) => timers.push(action),
  });
  return { rounds, asked, timers };
}

test('most workers decide; the others are counted, and so are those without an answer', () => {
  expect(sumUp([broken, MOVED, MOVED], 4)).toEqual({
    ...MOVED,
    workers: {
      asked: 4,
      agree: 2,
      differ: [{ count: 1, serve: 'legacy', reason: 'breaker-open' }],
      silent: 1,
    },
  });
  expect(sumUp([], 2)).toBeUndefined();
});

test('all are asked, each counts once, and late answers count for nothing', async () => {
  const { rounds, asked } = play();
  const explained = rounds.ask([1, 2], QUESTION);
  const { ask } = asked[0]!;
  rounds.take(1, ask, MOVED);
  rounds.take(1, ask, broken);
  rounds.take(2, ask, MOVED);
  expect((await explained).workers).toEqual({ asked: 2, agree: 2, differ: [], silent: 0 });
  rounds.take(2, ask, broken);
  expect(asked.map(({ worker }) => worker)).toEqual([1, 2]);
});

test('one that ends, or fails to explain, is not waited for; one that hangs is, for a time', async () => {
  const { rounds, asked, timers } = play();
  const explained = rounds.ask([1, 2, 3], QUESTION);
  rounds.take(1, asked[0]!.ask, MOVED);
  rounds.take(2, asked[0]!.ask, undefined);
  rounds.gone(3);
  expect((await explained).workers).toMatchObject({ asked: 3, agree: 1, silent: 2 });
  const hanging = rounds.ask([1, 2], QUESTION);
  rounds.take(1, asked.at(-1)!.ask, broken);
  timers.at(-1)!();
  expect(await hanging).toMatchObject({ reason: 'breaker-open', workers: { agree: 1, silent: 1 } });
});

test('without any answer, or with too many questions, the proxy says so', async () => {
  const { rounds, timers } = play();
  await expect(rounds.ask([], QUESTION)).rejects.toMatchObject({ code: 'FICUS_PROXY_UNREACHABLE' });
  const many = Array.from({ length: 16 }, () => rounds.ask([1], QUESTION).catch(({ code }) => code));
  await expect(rounds.ask([1], QUESTION)).rejects.toMatchObject({ code: 'FICUS_PROXY_OVERLOADED' });
  for (const timer of timers) timer();
  expect(new Set(await Promise.all(many))).toEqual(new Set(['FICUS_PROXY_UNREACHABLE']));
});
