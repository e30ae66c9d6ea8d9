import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeSequence, type Reading } from './judge-sequence.ts';
import type { SequenceFacts } from './sequence-facts.ts';
import type { PlannedSequence } from './sequence-plan.ts';

const facts = (given: Partial<SequenceFacts> = {}): SequenceFacts => ({
  oid: 1,
  name: 'public.ids',
  sql: 'public.ids',
  increment: 1n,
  min: 1n,
  max: 2n ** 63n - 1n,
  cache: 1n,
  cycles: false,
  unlogged: false,
  maySelect: true,
  mayUpdate: true,
  owns: true,
  ...given,
});

const planned = (
  sequence: SequenceFacts,
  before: readonly SequenceFacts[],
  type = 'bigint',
): PlannedSequence => {
  const column = {
    table: 'public.t',
    tableSql: 't',
    column: 'id',
    type,
    indexed: true,
    refers: false,
    mayRead: true,
  };
  return {
    sequence,
    before,
    sharedOutside: [],
    columns: [{ column, through: 'default', counterpart: undefined, computed: false }],
  };
};
const at = (last: bigint, called = true): Reading => ({ last, called });
const connections = 100;

test('a sequence that was never called has given nothing', () => {
  const plan = planned(facts(), [facts()]);
  const readings = { own: at(1n, false), before: [at(1n, false)], keys: [] };
  expect(judgeSequence(plan, readings, { connections })).toMatchObject({ next: 1n, need: 1n, ahead: true });
});

test('the last value of the old owner is taken, and so is the greatest key', () => {
  const plan = planned(facts(), [facts()]);
  const before = [at(500n)];
  expect(judgeSequence(plan, { own: at(499n), before, keys: [] }, { connections }).ahead).toBe(false);
  expect(judgeSequence(plan, { own: at(500n), before, keys: [] }, { connections }).ahead).toBe(true);
  expect(judgeSequence(plan, { own: at(500n), before, keys: [501n] }, { connections }).ahead).toBe(false);
});

test('headroom: 10,000, or twice the caches of all sessions', () => {
  const goalOf = (cache: bigint) =>
    judgeSequence(
      planned(facts(), [facts({ cache })]),
      { own: at(1n, false), before: [at(500n)], keys: [] },
      { connections },
    ).goal;
  expect(goalOf(1n)).toBe(10_501n);
  expect(goalOf(1000n)).toBe(200_501n);
});

test('an application that takes blocks has used a whole increment around each value', () => {
  const blocks = facts({ increment: 50n });
  const readings = { own: at(1n, false), before: [at(501n)], keys: [] };
  expect(judgeSequence(planned(blocks, [blocks]), readings, { connections }).need).toBe(600n);
});

test.each([
  ['integer', 2_147_483_600n, false],
  ['integer', 2_000_000_000n, true],
  ['smallint', 30_000n, true],
  ['smallint', 32_750n, false],
  ['bigint', 2n ** 63n - 50n, false],
] as const)('a column of type %s at %d: fits %s', (type, last, fits) => {
  const plan = planned(facts(), [facts()], type);
  const judged = judgeSequence(plan, { own: at(1n, false), before: [at(last)], keys: [] }, { connections });
  expect(judged.fits).toBe(fits);
});

test('one that runs the other way is left behind whole', () => {
  const plan = planned(facts(), [facts({ increment: -1n, min: -(2n ** 63n), max: -1n })]);
  const judged = judgeSequence(
    plan,
    { own: at(1n, false), before: [at(-700n)], keys: [-3n] },
    { connections },
  );
  expect(judged.ahead).toBe(true);
});

test('set once, it is ahead of everything, keeps its turn, and is not set again', () => {
  const value = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
  const step = fc.bigInt({ min: 1n, max: 60n });
  const reading = fc.record({ last: value, called: fc.boolean() });
  fc.assert(
    fc.property(
      fc.boolean(),
      step,
      step,
      reading,
      reading,
      fc.array(value),
      fc.bigInt({ min: 1n, max: 500n }),
      (down, step, oldStep, own, old, keys, cache) => {
        const sign = down ? -1n : 1n;
        const range = { min: -(2n ** 62n), max: 2n ** 62n };
        const plan = planned(facts({ ...range, increment: sign * step }), [
          facts({ ...range, increment: sign * oldStep, cache }),
        ]);
        const readings = { own, before: [old], keys };
        const first = judgeSequence(plan, readings, { connections });
        const next = first.goal ?? first.next;
        expect(sign * next).toBeGreaterThan(
          [...keys, ...(old.called ? [old.last] : [])]
            .map((used) => sign * used)
            .reduce((a, b) => (a > b ? a : b), sign * next - 1n),
        );
        expect((next - first.next) % step).toBe(0n);
        const set = { ...readings, own: { last: next - sign * step, called: true } };
        expect(judgeSequence(plan, set, { connections })).toMatchObject({
          next,
          ahead: true,
          goal: undefined,
        });
      },
    ),
  );
});
