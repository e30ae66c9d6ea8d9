import { describe, expect, test } from 'vitest';
import type { CopyTask, WholeTask } from './copy-task.ts';
import { groupBySource, WholeTables } from './whole-tables.ts';

function rows(source: string) {
  const plan = { source: { qualifiedName: source } } as CopyTask['plan'];
  return { plan, columns: [], verbatim: true, rowsCopied: 0, rowsTotal: 0, done: false };
}

function task(source: string, given: Partial<WholeTask>): WholeTask {
  return { ...rows(source), kind: 'whole', copiedAt: undefined, ...given };
}

describe('a change of a table that is copied whole', () => {
  test('waits until the position of the copy is known', () => {
    expect(new WholeTables([task('t', {})]).admit('t', 5n)).toBe('wait');
  });

  test('is skipped before that point, waits behind it, and passes once the copy is on the target', () => {
    const copying = task('t', { copiedAt: 10n });
    const tables = new WholeTables([copying]);
    expect([9n, 10n, 11n].map((lsn) => tables.admit('t', lsn))).toEqual(['skip', 'wait', 'wait']);
    copying.done = true;
    expect([9n, 10n, 11n].map((lsn) => tables.admit('t', lsn))).toEqual(['skip', 'apply', 'apply']);
  });

  test('waits for all parts of a split table', () => {
    const parts = [task('t', { copiedAt: 10n, done: true }), task('t', { copiedAt: 10n })];
    expect(new WholeTables(parts).admit('t', 12n)).toBe('wait');
    expect(groupBySource(parts)).toEqual([parts]);
  });

  test('does not delay other tables', () => {
    const chunked = { ...rows('chunked'), kind: 'chunked', lastKey: undefined, rowBytes: 0 } as const;
    const tables = new WholeTables([task('t', {}), chunked]);
    expect(tables.admit('chunked', 1n)).toBe('apply');
    expect(tables.admit('other', 1n)).toBe('apply');
    expect(tables.isDone('t')).toBe(false);
  });
});
