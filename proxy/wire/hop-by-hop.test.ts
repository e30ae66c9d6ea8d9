import { describe, expect, test } from 'vitest';
import { FieldClass, fieldClass } from './field-class.ts';
import { HOP_BY_HOP } from './hop-by-hop.ts';
import { buildRequestHead } from './request-head.ts';

const spellings = (name: string) => [name, name.toUpperCase()];
const classOf = (name: string) => fieldClass(Buffer.from(`\n${name}:`), 1, 1 + name.length);

// RFC 9110 section 7.6.1 and 11.7. Transfer-Encoding and Trailer are rewritten, not removed.
const NAMES = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'upgrade',
];

test('the list is complete', () => {
  expect(HOP_BY_HOP.toSorted()).toEqual(NAMES);
});

describe.each(NAMES)('%s', (hop) => {
  test.each(spellings(hop))('%s is removed from a request', (name) => {
    const request = { method: 'GET', url: '/', rawHeaders: [name, '1', 'Host', 'a'], httpVersionMinor: 1 };
    const { text } = buildRequestHead(request, {}, { basePath: '', authority: 'a' }, 'forward');
    expect(text).toBe('GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 ficus\r\n\r\n');
  });

  test.each(spellings(hop))('%s is known in a response', (name) => {
    expect(classOf(name)).not.toBe(FieldClass.endToEnd);
  });
});

test.each<[string, keyof typeof FieldClass]>([
  ['Date', 'date'],
  ['Content-Type', 'contentType'],
  ['Content-Length', 'contentLength'],
  ['Transfer-Encoding', 'transferEncoding'],
  ['Connection', 'connection'],
  ['Keep-Alive', 'keepAlive'],
  ['Upgrade', 'upgrade'],
  ['TE', 'hopByHop'],
  ['X-Ficus-Side', 'ours'],
  ['ETag', 'endToEnd'],
  ['Data', 'endToEnd'],
  ['Content-Language', 'endToEnd'],
  ['Content-Security-Policy-Report-Only', 'endToEnd'],
])('a response field %s is of the class %s', (name, known) => {
  expect(classOf(name)).toBe(FieldClass[known]);
});
