import { expect, test } from 'vitest';
import { encodeTuple } from '../decode/tuple.ts';
import { ChangeLedger } from './change-ledger.ts';
import type { RelationBinding } from './relation-binding.ts';

const BINDING = {
  relation: { schema: 'public', name: 'item', columns: [{ name: 'id' }] },
  keyColumns: [0],
} as unknown as RelationBinding;

function make(most = 10) {
  const ledger = new ChangeLedger(most);
  const keys = (since: 'full' | 'equal') => {
    const rows = ledger.changed('public.item', since);
    return Array.isArray(rows) ? rows.map(({ id }) => id) : rows;
  };
  const change = (...ids: number[]) => {
    for (const id of ids) ledger.record(BINDING, encodeTuple([String(id)]), 0);
  };
  return { ledger, keys, change };
}

test('nothing is recent before a comparison has found its rows equal', () => {
  const { ledger, keys, change } = make();
  change(1);
  ledger.turn();
  expect([keys('full'), keys('equal')]).toEqual([['1'], undefined]);
});

test('what changes after the beginning of an equal comparison is left for the next one, and what changed before is not', () => {
  const { ledger, keys, change } = make();
  change(1, 2);
  const first = ledger.turn();
  // While it runs.
  change(2, 3);
  ledger.equalUntil(first);
  expect([keys('full'), keys('equal')]).toEqual([
    ['1', '2', '3'],
    ['2', '3'],
  ]);
  // One that found a difference changes nothing.
  ledger.turn();
  change(4);
  expect(keys('equal')).toEqual(['2', '3', '4']);
  ledger.equalUntil(ledger.turn());
  expect([keys('equal'), keys('full')]).toEqual([[], ['1', '2', '3', '4']]);
});

test('a table with too many changes, or a TRUNCATE, is listed again once it was found equal', () => {
  const { ledger, keys, change } = make(2);
  change(1, 2, 3);
  expect(keys('full')).toBe('all');
  ledger.equalUntil(ledger.turn());
  change(4);
  expect([keys('full'), keys('equal')]).toEqual(['all', ['4']]);
  ledger.recordAll('public.item');
  expect(keys('equal')).toBe('all');
});

test('an earlier comparison that ends later takes nothing back', () => {
  const { ledger, keys, change } = make();
  const [early, late] = [ledger.turn(), ledger.turn()];
  ledger.equalUntil(late);
  ledger.equalUntil(early);
  change(1);
  expect(keys('equal')).toEqual(['1']);
});
