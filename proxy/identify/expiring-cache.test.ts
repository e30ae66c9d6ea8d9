import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpiringCache } from './expiring-cache.ts';

test('entries expire', () => {
  const cache = new ExpiringCache<string>(10);
  cache.set('a', 'one', 100);
  expect(cache.get('a', 99)).toBe('one');
  expect(cache.get('a', 100)).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('entries that are read stay, others are dropped', () => {
  const cache = new ExpiringCache<number>(10);
  for (let key = 0; key < 100; key += 1) {
    cache.set('wanted', 1, 1000);
    cache.set(`k${key}`, key, 1000);
    expect(cache.get('wanted', 0)).toBe(1);
  }
  expect(cache.get('k0', 0)).toBeUndefined();
  expect(cache.get('k99', 0)).toBe(99);
});

test('never exceeds its bound, never returns a wrong or expired value', () => {
  const step = fc.record({ key: fc.constantFrom(...'abcdefghij'), write: fc.boolean(), lifetime: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const cache = new ExpiringCache<number>(6);
      const model = new Map<string, { value: number; expiresAt: number }>();
      steps.forEach(({ key, write, lifetime }, now) => {
        if (write) {
          cache.set(key, now, now + lifetime);
          model.set(key, { value: now, expiresAt: now + lifetime });
          expect(cache.size).toBeLessThanOrEqual(6);
        } else {
          const found = cache.get(key, now);
          const known = model.get(key);
          if (found !== undefined) expect(found).toBe(known!.value);
          if (known === undefined || known.expiresAt <= now) expect(found).toBeUndefined();
        }
      });
    }),
  );
});
