import { describe, expect, test } from 'vitest';
import type { CopyTask } from './copy-task.ts';
import { groupBySource, WholeTables } from './whole-tables.ts';

function task(source: string, given: Partial<CopyTask>): CopyTask {
  const plan = { source: { qualifiedName: source } } as CopyTask['plan'];
  const rest = { columns: [], verbatim: true, lastKey: undefined, rowsCopied: 0, rowsTotal: 0, rowBytes: 0 };
  return { plan, whole: true, copiedAt: undefined, done: false, ...rest, ...given };
}

describe('a change of a table that is copied whole', () => {
  test('waits until it is known where the copy was taken', () => {
    expect(new WholeTables([task('t', {})]).judge('t', 5n)).toBe('wait');
  });

  test('is left out before that point, waits behind it, and goes through once the copy is there', () => {
    const copying = task('t', { copiedAt: 10n });
    const tables = new WholeTables([copying]);
    expect([9n, 10n, 11n].map((lsn) => tables.judge('t', lsn))).toEqual(['skip', 'wait', 'wait']);
    copying.done = true;
    expect([9n, 10n, 11n].map((lsn) => tables.judge('t', lsn))).toEqual(['skip', 'apply', 'apply']);
  });

  test('waits for all parts of a table that becomes several', () => {
    const parts = [task('t', { copiedAt: 10n, done: true }), task('t', { copiedAt: 10n })];
    expect(new WholeTables(parts).judge('t', 12n)).toBe('wait');
    expect(groupBySource(parts)).toEqual([parts]);
  });

  test('is nobody\u2019s concern in other tables', () => {
    const tables = new WholeTables([task('t', {}), task('chunked', { whole: false })]);
    expect(tables.judge('chunked', 1n)).toBe('apply');
    expect(tables.judge('other', 1n)).toBe('apply');
    expect(tables.isDone('t')).toBe(false);
  });
});
