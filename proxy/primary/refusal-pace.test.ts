import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RefusalPace } from './refusal-pace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** How many of the waits are over. */
function counted(waits: readonly Promise<void>[]): () => number {
  let over = 0;
  for (const wait of waits) void wait.then(() => (over += 1));
  return () => over;
}

test('an address gets ten refusals a second, however many it asks for at once', async () => {
  const pace = new RefusalPace();
  const over = counted(Array.from({ length: 30 }, () => pace.wait('10.0.0.1')));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(over()).toBe(10);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(over()).toBe(30);
});

test('another address does not wait for it', async () => {
  const pace = new RefusalPace();
  for (let i = 0; i < 49; i += 1) void pace.wait('10.0.0.1');
  const over = counted([pace.wait('10.0.0.2')]);
  await vi.advanceTimersByTimeAsync(100);
  expect(over()).toBe(1);
  expect(pace.isFull('10.0.0.1')).toBe(false);
});

test('a full queue is full until the first has left', async () => {
  const pace = new RefusalPace();
  for (let i = 0; i < 50; i += 1) void pace.wait('10.0.0.1');
  expect(pace.isFull('10.0.0.1')).toBe(true);
  expect(pace.isFull('10.0.0.2')).toBe(false);
  await vi.advanceTimersByTimeAsync(100);
  expect(pace.isFull('10.0.0.1')).toBe(false);
});

test('an address long past is slow no more', async () => {
  const pace = new RefusalPace();
  void pace.wait('10.0.0.1');
  await vi.advanceTimersByTimeAsync(60_000);
  const over = counted([pace.wait('10.0.0.1')]);
  await vi.advanceTimersByTimeAsync(100);
  expect(over()).toBe(1);
});

test('refusals are counted for a bounded number of addresses', () => {
  const pace = new RefusalPace();
  const count = (address: string, kind = 'x') => pace.count(address, kind);
  expect([count('a'), count('a'), count('b'), count('a', 'y')]).toEqual([1, 2, 1, 1]);
  for (let i = 0; i < 1_000; i += 1) count(`10.0.0.${i}`);
  expect(count('a')).toBe(1);
});
