import { expect, it } from 'vitest';
import { digestPassword, passwordMatches } from './passwords.ts';

it('matches the digest of the same email and password, and nothing else', () => {
  const stored = digestPassword('a@example.test', 'ficus');
  expect(passwordMatches(stored, 'a@example.test', 'ficus')).toBe(true);
  expect(passwordMatches(stored, 'a@example.test', 'Ficus')).toBe(false);
  expect(passwordMatches(stored, 'b@example.test', 'ficus')).toBe(false);
  expect(passwordMatches(undefined, 'a@example.test', 'ficus')).toBe(false);
  expect(passwordMatches(Buffer.alloc(4), 'a@example.test', 'ficus')).toBe(false);
});
