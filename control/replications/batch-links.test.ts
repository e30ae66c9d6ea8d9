import type { AppliedBatch } from '@ficus/cdc';
import { describe, expect, test } from 'vitest';
import { BatchLinks } from './batch-links.ts';

const batch = (firstLsn: bigint, lastLsn: bigint): AppliedBatch => ({
  publication: 'ficus_notes',
  slot: 'ficus_notes_01234567',
  startedAtMs: 0,
  endedAtMs: 1,
  transactions: 1,
  rows: 1,
  firstLsn,
  lastLsn,
  lagMs: 0,
  error: undefined,
});
const write = (traceparent: string, after: bigint, upTo: bigint) => ({ traceparent, after, upTo });
const linksOf = (links: BatchLinks) => links.takeDue(Number.POSITIVE_INFINITY).map(({ links }) => links);

describe('a write is linked by the batch that may hold it', () => {
  test('whether the batch was applied before its position was known, or after', () => {
    const links = new BatchLinks();
    links.place(write('before', 100n, 120n));
    links.applied(batch(110n, 115n), 0);
    links.applied(batch(121n, 130n), 0);
    links.place(write('after', 115n, 125n));
    expect(linksOf(links)).toEqual([['before'], ['after']]);
  });

  test('and by no other: neither one that had been applied when it began, nor one that lies behind its position', () => {
    const links = new BatchLinks();
    links.applied(batch(90n, 100n), 0);
    links.applied(batch(101n, 110n), 0);
    links.applied(batch(120n, 130n), 0);
    links.place(write('one', 100n, 120n));
    expect(linksOf(links)).toEqual([[], ['one'], []]);
  });

  test('by each of several that it may belong to', () => {
    const links = new BatchLinks();
    links.applied(batch(101n, 110n), 0);
    links.place(write('one', 100n, 125n));
    links.applied(batch(111n, 120n), 0);
    links.applied(batch(121n, 130n), 0);
    links.applied(batch(131n, 140n), 0);
    expect(linksOf(links)).toEqual([['one'], ['one'], ['one'], []]);
  });

  test('but not where they are many, or one of them has left', () => {
    const slow = new BatchLinks();
    for (let at = 1n; at <= 9n; at += 1n) slow.applied(batch(at * 10n, at * 10n + 5n), 0);
    slow.place(write('slow', 0n, 100n));
    expect(linksOf(slow).flat()).toEqual([]);

    const late = new BatchLinks();
    late.applied(batch(101n, 110n), 0);
    expect(late.takeDue(2_000)).toHaveLength(1);
    late.applied(batch(111n, 120n), 2_000);
    late.place(write('late', 100n, 125n));
    late.place(write('in time', 110n, 125n));
    expect(linksOf(late)).toEqual([['in time']]);
  });
});

describe('bounds', () => {
  test('a batch is held for two seconds, and a thousand of them at most', () => {
    const links = new BatchLinks();
    links.applied(batch(1n, 2n), 0);
    expect(links.takeDue(1_999)).toEqual([]);
    expect(links.takeDue(2_000)).toHaveLength(1);
    expect(links.isEmpty).toBe(true);
    for (let at = 1n; at <= 1_500n; at += 1n) links.applied(batch(at * 10n, at * 10n + 5n), 3_000);
    expect(links.takeDue(3_000)).toHaveLength(500);
    expect(links.isEmpty).toBe(false);
  });

  test('of the writes that wait for a stalled stream the last thousand are kept, of a batch’s links 128', () => {
    const links = new BatchLinks();
    for (let count = 0; count < 5_000; count += 1) links.place(write(`trace ${count}`, 0n, 10n));
    links.applied(batch(1n, 20n), 0);
    const [first] = linksOf(links);
    expect(first).toHaveLength(128);
    expect(first![0]).toBe('trace 4000');
  });

  test('a write that waits is forgotten once the stream has passed it', () => {
    const links = new BatchLinks();
    links.place(write('wrote nothing', 0n, 10n));
    links.applied(batch(20n, 30n), 0);
    // A stream that begins again sends the same positions again.
    links.applied(batch(5n, 30n), 0);
    expect(linksOf(links)).toEqual([[], []]);
  });
});
