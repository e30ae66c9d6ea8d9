import { expect, test } from 'vitest';
import { LARGEST_BATCH, parseBatch, readBatch } from './read-batch.ts';

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
