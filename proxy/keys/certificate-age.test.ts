import type { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { describeAge, evaluateAge, evaluateChain } from './certificate-age.ts';

const NOW = Date.parse('2027-03-01T12:00:00Z');
const valid = (from: string, to: string): X509Certificate =>
  ({ validFrom: `${from} 00:00:00 2027 GMT`, validTo: `${to} 00:00:00 2027 GMT` }) as X509Certificate;

test.each([
  ['Jan  1', 'Apr  1', 'valid', undefined],
  ['Jan  1', 'Mar 15', 'expires-soon', 'expires in 13 days, on 2027-03-15T00:00:00.000Z'],
  ['Jan  1', 'Mar 16', 'valid', undefined],
  ['Jan  1', 'Mar  3', 'expires-soon', 'expires in 1 day, on 2027-03-03T00:00:00.000Z'],
  ['Jan  1', 'Mar  1', 'expired', 'expired on 2027-03-01T00:00:00.000Z'],
  ['Mar  2', 'Apr  1', 'not-yet', 'is not valid before 2027-03-02T00:00:00.000Z'],
])('from %s to %s: %s', (from, to, kind, words) => {
  const age = evaluateAge([valid(from, to)], NOW);
  expect(age.kind).toBe(kind);
  expect(describeAge(age)).toBe(words);
});

test('a chain is as old as its oldest link', () => {
  const chain = [valid('Jan  1', 'Dec 31'), valid('Jan  1', 'Mar  5')];
  expect(evaluateAge(chain, NOW)).toMatchObject({ kind: 'expires-soon', days: 3 });
});

test('what follows a certificate in its file may be older than it', () => {
  const [own, link] = [valid('Jan  1', 'Dec 31'), valid('Jan  1', 'Feb  1')];
  expect(evaluateChain([own, link], NOW)).toMatchObject({
    own: { kind: 'valid' },
    links: { kind: 'expired' },
  });
  expect(evaluateChain([link, own], NOW)).toMatchObject({
    own: { kind: 'expired' },
    links: { kind: 'valid' },
  });
  expect(evaluateChain([own], NOW).links.kind).toBe('valid');
});
