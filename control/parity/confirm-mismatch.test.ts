import type { ObservedResponse, Side, Verdict } from '@ficus/core';
import { compareResponses } from '@ficus/parity';
import { describe, expect, it } from 'vitest';
import { confirmMismatch } from './confirm-mismatch.ts';

const answer = (value: unknown, status = 200): ObservedResponse => ({
  status,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify(value)),
  truncated: false,
  durationMs: 1,
});
const first: Extract<Verdict, { kind: 'mismatch' }> = {
  kind: 'mismatch',
  differences: [{ path: '$.first', legacy: '1', candidate: '2' }],
};

interface Play {
  /** The owner's answer that was observed. */
  readonly before: unknown;
  /** What each side says when it is asked again. */
  readonly again: Readonly<Record<Side, unknown>>;
  readonly owner?: Side;
  readonly reaches?: boolean;
}

function play({ before, again, owner = 'legacy', reaches = true }: Play) {
  const asked: string[] = [];
  const verdict = confirmMismatch(first, {
    owner,
    before: answer(before),
    ask: async (side) => {
      asked.push(side);
      return answer(again[side]);
    },
    catchUp: async () => {
      asked.push('catch up');
      return reaches;
    },
    compare: (legacy, candidate) => compareResponses(legacy, candidate),
  });
  return { asked, verdict };
}

describe('a mismatch asked again', () => {
  it('waits, asks the other side, then the owner, each of them once', async () => {
    const { asked, verdict } = play({ before: { a: 1 }, again: { legacy: { a: 1 }, candidate: { a: 2 } } });
    expect(await verdict).toMatchObject({
      kind: 'mismatch',
      differences: [{ path: '$.a', legacy: '1', candidate: '2' }],
    });
    expect(asked).toEqual(['catch up', 'candidate', 'legacy']);
  });

  it('follows the owner', async () => {
    const again = { legacy: { a: 1 }, candidate: { a: 2 } };
    const { asked, verdict } = play({ before: { a: 2 }, again, owner: 'candidate' });
    expect(await verdict).toMatchObject({
      kind: 'mismatch',
      differences: [{ path: '$.a', legacy: '1', candidate: '2' }],
    });
    expect(asked).toEqual(['catch up', 'legacy', 'candidate']);
  });

  it('is not taken for lag when both sides refuse the caller by then', async () => {
    const verdict = await confirmMismatch(first, {
      owner: 'legacy',
      before: answer({ a: 1 }),
      ask: async () => answer({ error: 'session expired' }, 401),
      catchUp: async () => true,
      compare: (legacy, candidate) => compareResponses(legacy, candidate),
    });
    expect(verdict).toEqual({
      kind: 'inconclusive',
      reason: 'the owner’s own answers differ at status, $.a, $.error',
    });
  });

  it.each([
    ['before', { before: { a: 1 }, again: { legacy: { a: 2 }, candidate: { a: 1 } } }],
    ['after', { before: { a: 1 }, again: { legacy: { a: 2 }, candidate: { a: 2 } } }],
  ])('is stale when the other side has what the owner answered %s', async (_, answers) => {
    expect((await play(answers).verdict).kind).toBe('stale');
  });

  it('cannot be judged when the owner does not answer the same twice', async () => {
    const again = { legacy: { now: 2, id: 1 }, candidate: { now: 3, id: 1 } };
    expect(await play({ before: { now: 1, id: 1 }, again }).verdict).toEqual({
      kind: 'inconclusive',
      reason: 'the owner’s own answers differ at $.now',
    });
  });

  it('is a mismatch when it also differs where the owner is steady', async () => {
    const again = { legacy: { now: 2, id: 1 }, candidate: { now: 3, id: 2 } };
    expect(await play({ before: { now: 1, id: 1 }, again }).verdict).toMatchObject({
      kind: 'mismatch',
      differences: [{ path: '$.now' }, { path: '$.id' }],
    });
  });

  const long: ObservedResponse = { ...answer('a long text'), truncated: true } as ObservedResponse;
  const failed: ObservedResponse = { failed: 'timeout: no answer', durationMs: 1 };
  const inconclusive = (reason: string) => ({ kind: 'inconclusive', reason });
  it.each<[string, Readonly<Record<'before' | 'legacy' | 'candidate', ObservedResponse>>, object]>([
    [
      'a mismatch when both sides refuse the caller, in words of their own',
      { before: answer('who?', 401), legacy: answer('who?', 401), candidate: answer('log in', 401) },
      { kind: 'mismatch', differences: [{ path: '$' }] },
    ],
    [
      'a mismatch when it differs beside a body that is too long to compare',
      { before: long, legacy: long, candidate: answer('gone', 404) },
      { kind: 'mismatch', differences: [{ path: 'status' }] },
    ],
    [
      'inconclusive when it differs in a body that is too long the second time',
      { before: answer('a'), legacy: long, candidate: answer('b') },
      inconclusive('a body was longer than its kept part'),
    ],
    [
      'inconclusive when the owner answers from the cache of the client the second time',
      { before: answer('a'), legacy: answer('', 304), candidate: answer('b') },
      inconclusive('one side answered from the client’s cache (304)'),
    ],
    [
      'inconclusive when the owner does not answer again',
      { before: answer('a'), legacy: failed, candidate: answer('b') },
      inconclusive('the owner failed when it was asked again'),
    ],
    [
      'inconclusive when the owner fails the second time',
      { before: answer('a'), legacy: answer('a', 503), candidate: answer('b') },
      inconclusive('the owner failed when it was asked again'),
    ],
  ])('is %s', async (_, { before, ...again }, expected) => {
    const verdict = await confirmMismatch(first, {
      owner: 'legacy',
      before,
      ask: async (side) => again[side],
      catchUp: async () => true,
      compare: (legacy, candidate) => compareResponses(legacy, candidate),
    });
    expect(verdict).toMatchObject(expected);
  });

  it('is inconclusive, and asks nothing, when the stream does not catch up', async () => {
    const again = { legacy: { a: 1 }, candidate: { a: 2 } };
    const { asked, verdict } = play({ before: { a: 1 }, again, reaches: false });
    expect((await verdict).kind).toBe('inconclusive');
    expect(asked).toEqual(['catch up']);
  });
});

it('lets other work of the process run between two comparisons', async () => {
  const happened: string[] = [];
  const other = () => {
    happened.push('other work');
    turn = setImmediate(other);
  };
  let turn = setImmediate(other);
  const mismatch = { ...first };
  await confirmMismatch(first, {
    owner: 'legacy',
    before: answer(1),
    ask: async () => answer(2),
    catchUp: async () => true,
    compare: () => {
      happened.push('compared');
      return mismatch;
    },
  });
  clearImmediate(turn);
  const comparisons = happened.flatMap((what, at) => (what === 'compared' ? at : []));
  expect(comparisons).toHaveLength(3);
  for (const at of comparisons.slice(1)) expect(happened[at - 1]).toBe('other work');
});
