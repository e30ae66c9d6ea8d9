import { SEAL_VALID_MS } from '@ficus/proxy';
import { expect, test } from 'vitest';
import { SeenSeals } from './seen-seals.ts';

const NOW = 1_800_000_000_000;

test('a seal is new once, for as long as it is valid', () => {
  const seen = new SeenSeals();
  expect(seen.take('a', NOW, NOW)).toBe(true);
  expect(seen.take('b', NOW + 1_000, NOW)).toBe(true);
  expect(seen.take('a', NOW, NOW + SEAL_VALID_MS)).toBe(false);
  expect(seen.take('b', NOW + 1_000, NOW + SEAL_VALID_MS + 1_000)).toBe(false);
});

test('seals that are no longer valid take no memory', () => {
  const seen = new SeenSeals(2);
  seen.take('old', NOW, NOW);
  seen.take('kept', NOW + SEAL_VALID_MS, NOW);
  seen.take('new', NOW + SEAL_VALID_MS, NOW + SEAL_VALID_MS + 1);
  expect(seen.take('kept', NOW + SEAL_VALID_MS, NOW + SEAL_VALID_MS + 1)).toBe(false);
});

test('a flood forgets the oldest, and never grows beyond its bound', () => {
  const seen = new SeenSeals(100);
  for (let made = 0; made < 1_000; made += 1) seen.take(`seal ${made}`, NOW, NOW);
  const known = Array.from({ length: 1_000 }, (_, made) => made).filter((made) => made >= 900);
  for (const made of known) expect(seen.take(`seal ${made}`, NOW, NOW)).toBe(false);
  expect(seen.take('seal 899', NOW, NOW)).toBe(true);
});
