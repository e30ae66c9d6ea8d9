import type { ObservedResponse, Side, Verdict } from '@ficus/core';
import { compareResponses } from '@ficus/parity';
import { describe, expect, it } from 'vitest';
import { confirmMismatch } from './confirm-mismatch.ts';

const answer = (value: unknown): ObservedResponse => ({
  status: 200,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify(value)),
  truncated: false,
  durationMs: 1,
});
const first: Extract<Verdict, { kind: 'mismatch' }> = {
  kind: 'mismatch',
  differences: [{ path: '$.first', legacy: '1', candidate: '2' }],
};

/** Answers in the order in which they are asked for; the last one of a side is repeated. */
function play(answers: Record<Side, unknown[]>, over: { owner?: Side; reaches?: boolean } = {}) {
  const asked: string[] = [];
  const queues = { legacy: [...answers.legacy], candidate: [...answers.candidate] };
  const verdict = confirmMismatch(first, {
    owner: over.owner ?? 'legacy',
    ask: async (side) => {
      asked.push(side);
      const queue = queues[side];
      return answer(queue.length > 1 ? queue.shift() : queue[0]);
    },
    catchUp: async () => {
      asked.push('catch up');
      return over.reaches ?? true;
    },
    compare: (legacy, candidate) => compareResponses(legacy, candidate),
  });
  return { asked, verdict };
}

describe('a mismatch asked again', () => {
  it('asks the owner, waits, asks the other side, asks the owner again', async () => {
    const { asked, verdict } = play({ legacy: [{ a: 1 }], candidate: [{ a: 1 }] });
    expect((await verdict).kind).toBe('stale');
    expect(asked).toEqual(['legacy', 'catch up', 'candidate', 'legacy']);
  });

  it('follows the owner', async () => {
    const { asked, verdict } = play({ legacy: [{ a: 1 }], candidate: [{ a: 2 }] }, { owner: 'candidate' });
    expect(await verdict).toMatchObject({
      kind: 'mismatch',
      differences: [{ path: '$.a', legacy: '1', candidate: '2' }],
    });
    expect(asked).toEqual(['candidate', 'catch up', 'legacy', 'candidate']);
  });

  it('is stale when the other side has what the owner said before or after', async () => {
    expect((await play({ legacy: [{ a: 1 }, { a: 2 }], candidate: [{ a: 1 }] }).verdict).kind).toBe('stale');
    expect((await play({ legacy: [{ a: 1 }, { a: 2 }], candidate: [{ a: 2 }] }).verdict).kind).toBe('stale');
  });

  it('is a mismatch at once when the owner is steady and the other side differs', async () => {
    const { asked, verdict } = play({ legacy: [{ a: 1 }], candidate: [{ a: 2 }] });
    expect((await verdict).kind).toBe('mismatch');
    expect(asked).toHaveLength(4);
  });

  it('tries again while somebody writes in between', async () => {
    const { asked, verdict } = play({
      legacy: [{ a: 1 }, { a: 3 }, { a: 3 }, { a: 3 }],
      candidate: [{ a: 2 }, { a: 3 }],
    });
    expect((await verdict).kind).toBe('stale');
    expect(asked).toHaveLength(8);
  });

  it('cannot be judged where the owner never says the same twice', async () => {
    let now = 0;
    const verdict = await confirmMismatch(first, {
      owner: 'legacy',
      ask: async () => answer({ now: now++, id: 1 }),
      catchUp: async () => true,
      compare: (legacy, candidate) => compareResponses(legacy, candidate),
    });
    expect(verdict).toEqual({
      kind: 'inconclusive',
      reason: 'the owner does not agree with itself at $.now',
    });
  });

  it('is a mismatch when it also differs where the owner is steady', async () => {
    let now = 0;
    const verdict = await confirmMismatch(first, {
      owner: 'legacy',
      ask: async (side) => answer({ now: now++, id: side === 'legacy' ? 1 : 2 }),
      catchUp: async () => true,
      compare: (legacy, candidate) => compareResponses(legacy, candidate),
    });
    expect(verdict).toMatchObject({ kind: 'mismatch', differences: [{ path: '$.now' }, { path: '$.id' }] });
  });

  it('is inconclusive when the stream does not catch up', async () => {
    const { verdict } = play({ legacy: [{ a: 1 }], candidate: [{ a: 2 }] }, { reaches: false });
    expect((await verdict).kind).toBe('inconclusive');
  });
});
