import { expect, test } from 'vitest';
import { inOrder } from './in-order.ts';

test('the second begins when the first is done, and is done also when that one failed', async () => {
  const said: string[] = [];
  const first = Promise.withResolvers<void>();
  let calls = 0;
  const work = inOrder(async () => {
    calls += 1;
    const mine = calls;
    said.push(`begin ${mine}`);
    if (mine === 1) await first.promise;
    said.push(`end ${mine}`);
    return mine;
  });
  const [one, two] = [work(), work()];
  first.reject(new Error('unreadable'));
  await expect(one).rejects.toThrow('unreadable');
  expect(await two).toBe(2);
  expect(said).toEqual(['begin 1', 'begin 2', 'end 2']);
});
