import { describe, expect, test } from 'vitest';
import { joinHostPort, splitHostPort } from './host-port.ts';

describe.each([
  ['127.0.0.1:8080', '127.0.0.1', 8080],
  ['localhost:0', 'localhost', 0],
  ['[::1]:80', '::1', 80],
  ['[2001:db8::7]:8443', '2001:db8::7', 8443],
])('%s', (text, host, port) => {
  test('is split', () => expect(splitHostPort(text)).toEqual({ host, port }));
  test('is joined', () => expect(joinHostPort(host, port)).toBe(text));
});

test('a host with brackets keeps one pair', () => {
  expect(joinHostPort('[::1]', 80)).toBe('[::1]:80');
});
