import { expect, test } from 'vitest';
import { reportBody } from './link-schemas.ts';

const REPORT = { proxyId: 'p', workers: 1, epochs: {}, traffic: [], droppedCopies: [] };
const problems = (over: object) =>
  (reportBody.safeParse({ ...REPORT, ...over }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

test('of a list, the first wrong element is the last that is looked at', () => {
  const good = { slice: 'notes', reason: 'memory', copies: 1 };
  expect(problems({ droppedCopies: [good, { ...good, copies: -1 }, {}, {}] })).toEqual([
    'droppedCopies.1.copies: Too small: expected number to be >=0',
  ]);
  expect(problems({ droppedCopies: Array(10_001).fill(good) })).toEqual([
    expect.stringContaining('droppedCopies: Too big'),
  ]);
});

test('slices are counted before they are looked at', () => {
  const slices = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, 1]));
  expect(problems({ epochs: slices(10_000), breakersOpen: slices(3) })).toEqual([]);
  expect(problems({ epochs: { a: -1 } })).toEqual(['epochs.a: Too small: expected number to be >=0']);
  const tooMany = 'must not have more than 10000 members';
  expect(problems({ epochs: slices(10_001), breakersOpen: slices(10_001) })).toEqual([
    `epochs: ${tooMany}`,
    `breakersOpen: ${tooMany}`,
  ]);
});
