import { expect, test } from 'vitest';
import { NewestWins } from './newest-wins.ts';

test('a reading is stale once one that began later has been applied', () => {
  const readings = new NewestWins();
  const [older, newer] = [readings.begin(), readings.begin()];
  expect([older.stale, newer.stale]).toEqual([false, false]);
  newer.take();
  expect([older.stale, newer.stale]).toEqual([true, false]);
});

test('readings that end in the order in which they began are all applied', () => {
  const readings = new NewestWins();
  const [older, newer] = [readings.begin(), readings.begin()];
  older.take();
  expect([older.stale, newer.stale]).toEqual([false, false]);
  newer.take();
  expect(newer.stale).toBe(false);
});

test('a reading that was not applied makes no other stale', () => {
  const readings = new NewestWins();
  const older = readings.begin();
  readings.begin();
  expect(older.stale).toBe(false);
});

test('a newer value from elsewhere makes readings in progress stale, and none that begin later', () => {
  const readings = new NewestWins();
  const before = readings.begin();
  readings.supersede();
  const after = readings.begin();
  expect([before.stale, after.stale]).toEqual([true, false]);
});
