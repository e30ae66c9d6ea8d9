import { expect, test } from 'vitest';
import { isWideNetwork } from './is-wide-network.ts';

test.each([
  '0.0.0.0/0',
  '128.0.0.0/1',
  '10.0.0.0/7',
  '::/0',
  '2000::/3',
  '::ffff:0.0.0.0/96',
  '::FFFF:0:0/96',
])('%s names nearly every machine', (network) => expect(isWideNetwork(network)).toBe(true));

test.each([
  '10.0.0.0/8',
  '0.0.0.0',
  '192.0.2.1/32',
  '::1',
  '2001:db8::/32',
  'fc00::/7',
  '::ffff:10.0.0.0/104',
])('%s does not', (network) => expect(isWideNetwork(network)).toBe(false));
