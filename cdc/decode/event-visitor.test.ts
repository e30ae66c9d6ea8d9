import type { ChangeTransaction } from '@ficus/core';
import { UNAVAILABLE } from '@ficus/core';
import { expect, test } from 'vitest';
import { WireWriter } from '../batch/wire-writer.ts';
import { EventVisitor } from './event-visitor.ts';
import { readChanges } from './read-changes.ts';

test('transactions come out in the envelope; what was not sent is not null', () => {
  const wire = new WireWriter(false);
  wire.begin();
  wire.insert(['1', 'a', null]);
  wire.update(['1', 'a', 'large'], ['2', 'b', 'large'], true);
  const first = wire.commit();
  wire.begin();
  wire.delete(['2', 'b', 'large']);
  wire.commit();
  const bytes = wire.finish();
  const seen: ChangeTransaction[] = [];
  const visitor = new EventVisitor(
    'shop',
    (transaction) => seen.push(transaction),
    () => 7,
  );
  visitor.bytes = bytes;
  readChanges(bytes, 0, bytes.length, visitor);
  expect(seen.map(({ events }) => events.map(({ op, before, after }) => ({ op, before, after })))).toEqual([
    [
      { op: 'c', before: null, after: { id: '1', small: 'a', large: null } },
      {
        op: 'u',
        before: { id: '1', small: null, large: null },
        after: { id: '2', small: 'b', large: UNAVAILABLE },
      },
    ],
    [{ op: 'd', before: { id: '2', small: null, large: null }, after: null }],
  ]);
  expect(seen[0]?.position).toBe(`0/${first.toString(16).toUpperCase()}`);
  expect(seen[0]?.events[0]?.source).toMatchObject({ db: 'shop', schema: 'public', table: 't' });
});
