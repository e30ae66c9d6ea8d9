import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('between two turns everything else gets its own, however many callers wait', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const others = (async () => {
    while (seen.filter((one) => one !== 'other').length < 4) {
      await setImmediate();
      seen.push('other');
    }
  })();
  const caller = async (name: string) => {
    for (let time = 0; time < 2; time += 1) {
      await turns.next();
      seen.push(name);
    }
  };
  await Promise.all([caller('a'), caller('b'), others]);
  expect(seen.filter((one) => one !== 'other')).toEqual(['a', 'b', 'a', 'b']);
  expect(seen.join(' ')).not.toMatch(/[ab] [ab]/);
});
