import { expect, test } from 'vitest';
import { Silence } from './silence.ts';

test('a worker that listens and reports nothing is named at the second check, once', () => {
  const silence = new Silence();
  silence.heard(1, true, 0);
  silence.heard(2, true, 0);
  silence.heard(2, false, 900);
  expect(silence.check(1_000, 1_000)).toEqual([]);
  expect(silence.check(1_500, 1_000)).toEqual([1]);
  expect(silence.check(2_000, 1_000)).toEqual([]);
  expect(silence.check(2_500, 1_000)).toEqual([2]);
  expect(silence.check(9_000, 1_000)).toEqual([]);
});

test('reports that arrived while the primary was held up count', () => {
  const silence = new Silence();
  silence.heard(1, true, 0);
  expect(silence.check(60_000, 1_000)).toEqual([]);
  silence.heard(1, false, 60_001);
  expect(silence.check(60_500, 1_000)).toEqual([]);
  expect(silence.check(61_400, 1_000)).toEqual([]);
  silence.heard(1, false, 61_500);
  expect(silence.check(62_000, 1_000)).toEqual([]);
});

test('a worker that does not listen yet may take longer, and one that exited is forgotten', () => {
  const silence = new Silence();
  silence.heard(1, false, 0);
  silence.heard(2, true, 0);
  silence.forget(2);
  for (const now of [50_000, 60_000, 70_000]) expect(silence.check(now, 1_000)).toEqual([]);
});

test('a worker that hangs while it starts is named too, after longer than any start takes', () => {
  const silence = new Silence();
  silence.starts(1, 0);
  silence.starts(2, 0);
  silence.starts(3, 0);
  silence.heard(2, false, 10_000);
  silence.heard(3, true, 10_000);
  silence.heard(3, false, 59_000);
  expect(silence.check(59_900, 1_000)).toEqual([]);
  silence.heard(3, false, 60_000);
  expect(silence.check(60_000, 1_000)).toEqual([]);
  expect(silence.check(60_500, 1_000)).toEqual([1]);
  // A listening worker has its own limit.
  expect(silence.check(61_000, 1_000)).toEqual([]);
  expect(silence.check(61_500, 1_000)).toEqual([3]);
  expect(silence.check(70_000, 1_000)).toEqual([]);
  expect(silence.check(70_500, 1_000)).toEqual([2]);
});
