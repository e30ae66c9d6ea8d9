import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { stopLimitMs } from './process-messages.ts';

test('a stop may take as long as the drain only where something drains', () => {
  const config = configSchema.parse({
    version: 1,
    legacy: { url: 'http://127.0.0.1:9' },
    proxy: { timeouts: { drainMs: 600_000 } },
  });
  expect(stopLimitMs('proxy', config)).toBe(620_000);
  expect(stopLimitMs('control', config)).toBe(20_000);
});
