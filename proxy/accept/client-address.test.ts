import { describe, expect, test } from 'vitest';
import { NetworkList } from '../wire/network-list.ts';
import { clientAddress } from './client-address.ts';

const trusted = new NetworkList(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);

describe('clientAddress', () => {
  test.each([
    ['an untrusted peer is the client, whatever it claims', '203.0.113.9', '6.6.6.6', '203.0.113.9'],
    ['the last untrusted address of the chain', '10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['a chain of trusted ones begins with the client', '10.0.0.1', '10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['no chain', '10.0.0.1', undefined, '10.0.0.1'],
    [
      'ports do not belong to the address',
      '10.0.0.1',
      '6.6.6.6:1, 203.0.113.9:5000, 10.0.0.2:80',
      '203.0.113.9',
    ],
    ['nor do brackets', '10.0.0.1', '[2001:db8::1]:443, [fd00::2]', '2001:db8::1'],
    ['an IPv6 address is whole', '10.0.0.1', '2001:db8::1:443', '2001:db8::1:443'],
  ])('%s', (_, peer, forwardedFor, client) => {
    expect(clientAddress(peer, trusted, forwardedFor)).toBe(client);
  });
});
