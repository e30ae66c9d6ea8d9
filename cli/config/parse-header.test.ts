import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { parseHeader } from './parse-header.ts';

test('collects fields as a flat list', () => {
  const first = parseHeader('X-Beta: yes');
  expect(parseHeader('cookie:a=1; b=2', first)).toEqual(['X-Beta', 'yes', 'cookie', 'a=1; b=2']);
  expect(parseHeader('x-empty:')).toEqual(['x-empty', '']);
});

test('a value is what a server reads of its bytes', () => {
  expect(parseHeader('x-name: ü')).toEqual(['x-name', 'Ã¼']);
  expect(parseHeader('x-name: a\tb')).toEqual(['x-name', 'a\tb']);
});

test.each(['x-beta', ': yes', 'x beta: yes', '', 'x-beta: a\u0001b', 'x-beta: a\nb', 'x-beta: a\u007f'])(
  '%j is no field',
  (text) => {
    expect(() => parseHeader(text)).toThrow(InvalidArgumentError);
  },
);
