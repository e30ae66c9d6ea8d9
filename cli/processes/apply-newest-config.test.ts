import type { FicusConfig } from '@ficus/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { applyNewestConfig } from './apply-newest-config.ts';

const silent = pino({ level: 'silent' });
const config = (version: number) => ({ version }) as unknown as FicusConfig;

test('a config that cannot be applied is retried', async () => {
  const taken: FicusConfig[] = [];
  let failures = 2;
  const newest = applyNewestConfig(
    {
      reload: async (next) => {
        if (failures > 0) {
          failures -= 1;
          throw new Error('the database is away');
        }
        taken.push(next);
      },
    },
    silent,
    1,
  );
  newest.offer(config(1));
  await expect.poll(() => taken).toEqual([config(1)]);
  newest.stop();
});

test('a newer config replaces one that waits, and is applied last', async () => {
  const asked: FicusConfig[] = [];
  const first = Promise.withResolvers<void>();
  const newest = applyNewestConfig(
    {
      reload: async (next) => {
        asked.push(next);
        if (asked.length === 1) await first.promise;
      },
    },
    silent,
    1,
  );
  for (const version of [1, 2, 3]) newest.offer(config(version));
  first.resolve();
  await expect.poll(() => asked).toEqual([config(1), config(3)]);
  newest.stop();
});
