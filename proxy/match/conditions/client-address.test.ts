import { expect, test } from 'vitest';
import { InspectedHead } from '../../accept/inspected-head.ts';
import { compileClientAddress } from './client-address.ts';

const [condition] = compileClientAddress(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']);

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['11.1.2.3', false],
  ['2001:db8::1', true],
  ['2001:db9::1', false],
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['', false],
  ['unknown', false],
  ['10.1.2.3, 6.6.6.6', false],
])('%s is in one of the networks: %s', (clientAddress, expected) => {
  const request = Object.assign(new InspectedHead(), { peer: clientAddress });
  expect(condition!.holds(request)).toBe(expected);
});

test('names what it needs', () => {
  expect(condition!.needs).toBe('client address is in 10.0.0.0/8, 2001:db8::/32, 192.0.2.7');
});
