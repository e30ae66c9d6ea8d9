import { expect, test } from 'vitest';
import { BatchesInHand } from './batches-in-hand.ts';

const MIB = 1024 * 1024;

test('what waits is bounded in bytes and in number; room that is free again is used', async () => {
  const held = new BatchesInHand();
  const end = Promise.withResolvers<void>();
  const four = Array.from({ length: 4 }, () => held.hold(16 * MIB, () => end.promise));
  await expect(held.hold(1, async () => {})).rejects.toThrow('4 batches wait');
  end.resolve();
  await Promise.all(four);
  const many = Array.from({ length: 256 }, () => held.hold(1, () => end.promise));
  await expect(held.hold(1, async () => {})).rejects.toThrow('256 batches wait');
  await Promise.all(many);
  await held.hold(64 * MIB, async () => {});
});

test('one is compared at a time, and one that fails holds none back', async () => {
  const held = new BatchesInHand();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await Promise.resolve();
    seen.push(`${name} ends`);
    if (name === 'a') throw new Error('wrong');
  };
  const [a, b] = [held.inOrder(work('a')), held.inOrder(work('b'))];
  await expect(a).rejects.toThrow('wrong');
  await b;
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});
