import { describe, expect, test } from 'vitest';
import { NetworkList } from '../wire/network-list.ts';
import { appendForwardedFields } from './forwarded-fields.ts';
import { InspectedHead } from './inspected-head.ts';

describe('appendForwardedFields', () => {
  const fields = (peer: string, isTrusted: boolean, brought: Partial<InspectedHead>) => {
    const list: string[] = [];
    const head = Object.assign(new InspectedHead(), { host: 'shop.example' }, brought);
    head.setPeer(peer, new NetworkList(isTrusted ? [peer] : []));
    appendForwardedFields(list, head);
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
  test('fields of an untrusted peer are not believed', () => {
    expect(fields('203.0.113.9', false, claims)).toEqual({
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'shop.example',
    });
  });
  test('a trusted proxy’s fields are passed on, with the proxy itself appended', () => {
    expect(fields('10.0.0.1', true, claims)).toEqual({
      'X-Forwarded-For': '6.6.6.6, 10.0.0.1',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'outer.example',
      Forwarded: 'for=6.6.6.6, for=10.0.0.1',
    });
    expect(fields('fd00::1', true, claims).Forwarded).toBe('for=6.6.6.6, for="[fd00::1]"');
  });
});
