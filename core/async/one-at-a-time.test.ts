import { expect, test } from 'vitest';
import { OneAtATime } from './one-at-a-time.ts';

test('the second begins when the first has ended, and runs although the first failed', async () => {
  const said: string[] = [];
  const first = Promise.withResolvers<void>();
  const queue = new OneAtATime();
  const work = (name: string, until?: Promise<void>) => async () => {
    said.push(`begin ${name}`);
    await until;
    said.push(`end ${name}`);
    return name;
  };
  const [one, two] = [queue.run(work('1', first.promise)), queue.run(work('2'))];
  first.reject(new Error('unreadable'));
  await expect(one).rejects.toThrow('unreadable');
  expect(await two).toBe('2');
  expect(said).toEqual(['begin 1', 'begin 2', 'end 2']);
});

test('idle waits for all work added so far, failed work included', async () => {
  const queue = new OneAtATime();
  const work = Promise.withResolvers<void>();
  let idle = false;
  const failing = queue.run(() => work.promise);
  const waiting = queue.idle().then(() => {
    idle = true;
  });
  await Promise.resolve();
  expect(idle).toBe(false);
  work.reject(new Error('broken'));
  await expect(failing).rejects.toThrow('broken');
  await waiting;
});
