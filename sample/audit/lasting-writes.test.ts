import { expect, test } from 'vitest';
import { markKey, orderKey, preferencesKey } from '../load/write-keys.ts';
import type { WriteRecord } from '../load/write-record.ts';
import { lastingWrites } from './lasting-writes.ts';

const write = (key: string, endedAt: number, acknowledged = true): WriteRecord => ({
  ...{ key, dueAt: endedAt - 5, endedAt, acknowledged },
  ...{ failure: acknowledged ? '' : 'status 503', side: 'legacy' },
});
const keysOf = (...writes: WriteRecord[]) => lastingWrites(writes).map(({ key }) => key);

test('marks and orders last; of one user’s preferences the last do', () => {
  const replaced = write(preferencesKey(7, true), 3);
  const kept = write(preferencesKey(7, false), 9);
  const other = write(preferencesKey(8, true), 4);
  expect(keysOf(write(markKey(1), 1), kept, write(orderKey(2), 2), replaced, other).toSorted()).toEqual([
    'mark 1',
    'order 2',
    'preferences 7 false',
    'preferences 8 true',
  ]);
});

test('a write that failed is not looked for, nor what it may have replaced', () => {
  expect(keysOf(write(markKey(1), 1, false))).toEqual([]);
  expect(keysOf(write(preferencesKey(7, true), 1), write(preferencesKey(7, false), 2, false))).toEqual([]);
});

test('a mark that failed the second time was made the first time', () => {
  expect(keysOf(write(markKey(1), 1), write(markKey(1), 2, false))).toEqual(['mark 1']);
});
