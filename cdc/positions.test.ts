import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Position, Positions } from './positions.ts';

const ORDER = ['received', 'applied', 'checkpoint', 'durable', 'acknowledged'] as const;

const step = fc.oneof(
  fc.record({ kind: fc.constant('begin' as const), lsn: fc.bigInt({ min: 1n, max: 40n }) }),
  fc.record({
    kind: fc.constant('advance' as const),
    position: fc.constantFrom<Position>(...ORDER),
    lsn: fc.bigInt({ min: 0n, max: 40n }),
  }),
  fc.record({ kind: fc.constant('fail' as const) }),
);

function all(positions: Positions): bigint[] {
  return ORDER.map((position) => positions[position]);
}

test('no position ever passes the one before it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let positions = new Positions();
      for (const one of steps) {
        const before = all(positions);
        if (one.kind === 'begin') positions = positions.next(one.lsn);
        else if (one.kind === 'fail') positions = positions.withoutUndurable();
        else
          try {
            positions.advance(one.position, one.lsn);
          } catch {
            expect(all(positions), 'a refused step changes nothing').toEqual(before);
          }
        expect(all(positions)).toEqual(all(positions).toSorted((a, b) => Number(b - a)));
      }
    }),
  );
});

test('only what is durable may be acknowledged, and only what is committed is durable', () => {
  const positions = new Positions(10n);
  positions.advance('received', 20n);
  expect(() => positions.advance('durable', 20n)).toThrow(/durable 0\/14 would be ahead of checkpoint 0\/A/);
  expect(() => positions.advance('acknowledged', 10n)).toThrow(/ahead of durable/);
  positions.advance('applied', 20n);
  positions.advance('checkpoint', 20n);
  positions.advance('durable', 20n);
  positions.advance('acknowledged', 20n);
  expect(() => positions.advance('acknowledged', 19n)).toThrow(/behind 0\/14/);
});

test('what was read once stays known, however far the next session goes back', () => {
  const positions = new Positions(10n);
  positions.advance('durable', 10n);
  positions.advance('received', 20n);
  positions.advance('applied', 15n);
  const again = positions.withoutUndurable().next(15n);
  expect([again.received, again.everReceived]).toEqual([15n, 20n]);
  expect(again.next(30n).everReceived).toBe(30n);
});

test('after a failure the target counts as far as it is durable, after a restart as far as its checkpoint', () => {
  const positions = new Positions(10n);
  positions.advance('durable', 10n);
  positions.advance('received', 20n);
  positions.advance('applied', 15n);
  positions.advance('checkpoint', 15n);
  expect(all(positions.withoutUndurable())).toEqual([10n, 10n, 10n, 10n, 0n]);
  expect(all(positions.next(15n))).toEqual([15n, 15n, 15n, 10n, 0n]);
});
