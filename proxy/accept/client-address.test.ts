import { describe, expect, test } from 'vitest';
import { appendForwardedFields, clientAddress, NetworkList } from './client-address.ts';
import { InspectedHead } from './inspect-head.ts';

const trusted = new NetworkList(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);
function headWith(fields: Partial<InspectedHead>): InspectedHead {
  return Object.assign(new InspectedHead(), { host: 'shop.example' }, fields);
}

describe('NetworkList', () => {
  test.each([
    ['10.1.2.3', true],
    ['11.1.2.3', false],
    ['fd12::1', true],
    ['fe80::1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['', false],
    ['no address', false],
  ])('%s → %s', (address, has) => expect(trusted.has(address)).toBe(has));
});

describe('clientAddress', () => {
  test.each([
    ['an untrusted peer is the client, whatever it says', '203.0.113.9', '6.6.6.6', '203.0.113.9'],
    ['the last untrusted address of the chain', '10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['a chain of trusted ones begins with the client', '10.0.0.1', '10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['no chain', '10.0.0.1', undefined, '10.0.0.1'],
    ['ports are no part of it', '10.0.0.1', '6.6.6.6:1, 203.0.113.9:5000, 10.0.0.2:80', '203.0.113.9'],
    ['nor are brackets', '10.0.0.1', '[2001:db8::1]:443, [fd00::2]', '2001:db8::1'],
    ['an IPv6 address is whole', '10.0.0.1', '2001:db8::1:443', '2001:db8::1:443'],
  ])('%s', (_, peer, forwardedFor, client) => {
    expect(clientAddress(peer, trusted, headWith({ forwardedFor }))).toBe(client);
  });
});

describe('appendForwardedFields', () => {
  const fields = (peer: string, isTrusted: boolean, head: Partial<InspectedHead>) => {
    const list: string[] = [];
    appendForwardedFields(list, peer, isTrusted, headWith(head));
    return Object.fromEntries(
      Array.from({ length: list.length / 2 }, (_, at) => list.slice(at * 2, at * 2 + 2)),
    );
  };
  const claims = {
    forwardedFor: '6.6.6.6',
    forwardedProto: 'https',
    forwardedHost: 'outer.example',
    forwarded: 'for=6.6.6.6',
  };
  test('of an untrusted peer nothing is believed', () => {
    expect(fields('203.0.113.9', false, claims)).toEqual({
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'shop.example',
    });
  });
  test('a trusted proxy’s word is passed on, with the proxy itself appended', () => {
    expect(fields('10.0.0.1', true, claims)).toEqual({
      'X-Forwarded-For': '6.6.6.6, 10.0.0.1',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'outer.example',
      Forwarded: 'for=6.6.6.6, for=10.0.0.1',
    });
    expect(fields('fd00::1', true, claims).Forwarded).toBe('for=6.6.6.6, for="[fd00::1]"');
  });
});
