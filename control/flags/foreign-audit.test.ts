import { FicusError } from '@ficus/core';
import { expect, test } from 'vitest';
import type { Store } from '../store/open-store.ts';
import { auditForeignIn } from './foreign-audit.ts';

interface Row {
  readonly was: string;
  outcome: string;
}

/** A database with an audit table: shows its entries, and whether a transaction of the store is running. */
function playStore() {
  const rows: Row[] = [];
  const now = { turns: 0, isAway: false };
  const query = async (text: string, values: readonly unknown[] = []) => {
    if (now.isAway) throw new FicusError('FICUS_DATABASE_UNREACHABLE', 'away');
    if (text.startsWith('UPDATE audit')) rows[Number(values[0]) - 1]!.outcome = String(values[1]);
    if (!text.startsWith('INSERT INTO audit')) return [];
    rows.push({ was: String(values[3]), outcome: String(values[6] ?? 'made') });
    return [{ id: String(rows.length) }];
  };
  const store: Store = {
    connected: true,
    replaced: false,
    onReplaced: () => undefined,
    onReconnect: () => undefined,
    query: query as Store['query'],
    transaction: async (work) => {
      now.turns += 1;
      return work(query as Store['query']).finally(() => {
        now.turns -= 1;
      });
    },
    close: async () => undefined,
  };
  return { store, rows, now };
}

const change = { slice: 'notes', kind: 'serve', percent: 5, actor: 'ada', reason: '' } as const;
const refusal = new FicusError('FICUS_UNLEASH_FORBIDDEN', 'no');

test('a change is made outside the store’s transaction, after its entry is committed', async () => {
  const { store, rows, now } = playStore();
  await auditForeignIn(store)(change, 50, async () => {
    expect([now.turns, rows]).toEqual([0, [{ was: '{"percent":50}', outcome: 'unknown' }]]);
    return undefined;
  });
  expect(rows).toMatchObject([{ outcome: 'made' }]);
});

test('a change that was refused is reported, and its entry says so', async () => {
  const { store, rows } = playStore();
  await expect(auditForeignIn(store)(change, 50, async () => refusal)).rejects.toBe(refusal);
  expect(rows).toMatchObject([{ outcome: 'refused' }]);
});

test('a change that may have been made keeps its entry, which says so', async () => {
  const { store, rows } = playStore();
  const half = () => Promise.reject(refusal);
  await expect(auditForeignIn(store)(change, 50, half)).rejects.toBe(refusal);
  expect(rows).toMatchObject([{ outcome: 'unknown' }]);
});

test('without an entry there is no change', async () => {
  const { store, now } = playStore();
  now.isAway = true;
  let made = false;
  const make = async () => {
    made = true;
    return undefined;
  };
  await expect(auditForeignIn(store)(change, 50, make)).rejects.toMatchObject({
    code: 'FICUS_DATABASE_UNREACHABLE',
  });
  expect(made).toBe(false);
});

test('a change that was made succeeds even when its outcome cannot be recorded', async () => {
  const { store, rows, now } = playStore();
  await auditForeignIn(store)(change, 50, async () => {
    now.isAway = true;
    return undefined;
  });
  expect(rows).toMatchObject([{ outcome: 'unknown' }]);
});
