import { expect, test } from 'vitest';
import { NetworkList } from './network-list.ts';

const networks = new NetworkList(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);

test.each([
  ['10.1.2.3', true],
  ['11.1.2.3', false],
  ['fd12::1', true],
  ['fe80::1', false],
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['', false],
  ['no address', false],
])('%s → %s', (address, has) => expect(networks.has(address)).toBe(has));
