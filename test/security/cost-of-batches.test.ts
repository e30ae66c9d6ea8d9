/** A holder of a proxy's token chooses what a batch holds: 62 MB of small values kept the control plane busy for eleven seconds. */
import { expect, test } from 'vitest';
import { LARGEST_BATCH, parseBatch } from '../../control/link/read-batch.ts';
import { quickestMs } from '../parts/cost-bound.ts';

const HOSTILE: Readonly<Record<string, string>> = {
  'objects that no one reads': '{"a":0},',
  numbers: '0,',
  'empty lists': '[],',
  nesting: '[',
  'empty texts': '"",',
  names: '"a":1,',
};

test.each(Object.entries(HOSTILE))('a batch of %s is refused before it is parsed', (_, piece) => {
  const body = Buffer.from(`{"observations":[],"z":[${piece.repeat(LARGEST_BATCH / piece.length - 10)}0]}`);
  const parse = () => expect(() => parseBatch(body)).toThrow('more than 250000 values');
  expect(quickestMs(parse, 200)).toBeLessThan(200);
});

test('as many values as are allowed, of the costliest kind, are parsed at once', () => {
  const names = Array.from({ length: 80_000 }, (_, at) => `"${'k'.repeat(100)}${at}":{}`).join(',');
  const body = Buffer.from(`{"observations":[{${names}}]}`);
  expect(quickestMs(() => parseBatch(body), 200)).toBeLessThan(200);
});
