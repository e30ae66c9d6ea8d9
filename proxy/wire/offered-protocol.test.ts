import { expect, test } from 'vitest';
import { wasOffered } from './offered-protocol.ts';

test.each([
  ['websocket', 'websocket', true],
  ['websocket', 'WebSocket', true],
  ['TLS/1.2, IRC/6.9', 'irc/6.9', true],
  ['TLS/1.2, IRC/6.9', 'TLS/1.2, IRC/6.9', true],
  ['websocket', 'h2c', false],
  ['websocket', 'websocket, h2c', false],
  ['IRC/6.9', 'IRC/7', false],
  ['websocket', '', false],
  ['websocket', ' , ', false],
])('offered %s, chosen %s: %s', (offered, chosen, expected) => {
  expect(wasOffered(['Host', 'h', 'UPGRADE', offered], chosen)).toBe(expected);
});

test('several fields are one list; another spelling of the name offers nothing', () => {
  expect(wasOffered(['Upgrade', 'a', 'upgrade', 'b'], 'b')).toBe(true);
  expect(wasOffered(['Up_grade', 'a'], 'a')).toBe(false);
});
