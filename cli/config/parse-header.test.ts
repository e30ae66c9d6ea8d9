import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { parseHeader } from './parse-header.ts';

test('collects fields as a flat list', () => {
  const first = parseHeader('X-Beta: yes');
  expect(parseHeader('cookie:a=1; b=2', first)).toEqual(['X-Beta', 'yes', 'cookie', 'a=1; b=2']);
  expect(parseHeader('x-empty:')).toEqual(['x-empty', '']);
});

test.each(['x-beta', ': yes', 'x beta: yes', ''])('%j is no field', (text) => {
  expect(() => parseHeader(text)).toThrow(InvalidArgumentError);
});
