import { expect, test } from 'vitest';
import { quickestMs } from '../../test/parts/cost-bound.ts';
import { LARGEST_BATCH, parseBatch, readBatch } from './read-batch.ts';

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

test('signs inside texts are no values: bodies and fields may hold any', () => {
  const batch = { observations: [',:[{\\"\\\\'.repeat(200_000), '\\', '"', ',:[{'.repeat(100_000)] };
  expect(parseBatch(Buffer.from(JSON.stringify(batch)))).toEqual(batch);
});

test('what is no JSON is refused', () => {
  for (const text of ['', '{', '"', '"\\'])
    expect(() => parseBatch(Buffer.from(text))).toThrow('The batch is not valid JSON.');
});

test('a body is read up to the bound', async () => {
  async function* chunks(count: number) {
    for (let at = 0; at < count; at += 1) yield Buffer.alloc(2 ** 20);
  }
  expect((await readBatch(chunks(16))).length).toBe(LARGEST_BATCH);
  await expect(readBatch(chunks(17))).rejects.toThrow(`more than ${LARGEST_BATCH} bytes`);
});
