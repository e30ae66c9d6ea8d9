import type { SliceState } from '@ficus/core';
import { expect, test } from 'vitest';
import { BusyBook } from './busy-book.ts';

const observed: SliceState = { owner: 'legacy', epoch: 1, writes: 'open', observed: true };
const STATES = { notes: observed, tags: { ...observed, observed: false } };

test('workers’ times are one, complete up to the one that reported first, until a report with them is answered', () => {
  const book = new BusyBook();
  expect(book.facts(STATES, [1, 2], 1_000)).toEqual({ busy: { notes: [] } });
  book.take(1, { kind: 'busy', untilMs: 500, slices: { notes: [[100, 200]] }, endless: {} });
  book.take(2, {
    ...{ kind: 'busy', untilMs: 450, slices: { notes: [[150, 400]] } },
    endless: { notes: { live: 2 } },
  });
  const facts = book.facts(STATES, [1, 2], 1_000);
  expect(facts).toEqual({
    ...{ busy: { notes: [[100, 400]] }, busyUntilMs: 450, endless: { notes: { live: 2 } } },
  });
  book.take(1, { kind: 'busy', untilMs: 1_000, slices: { notes: [[900, 950]] }, endless: {} });
  // Unanswered, it is reported again.
  expect(book.facts(STATES, [1, 2], 1_000).busy).toEqual({
    notes: [
      [100, 400],
      [900, 950],
    ],
  });
  book.settle(facts);
  expect(book.facts(STATES, [1, 2], 1_000).busy).toEqual({ notes: [[900, 950]] });
});

test('a worker that has ended was busy from its last word for as long as its writes may be executed', () => {
  const book = new BusyBook();
  book.take(1, { kind: 'busy', untilMs: 500, slices: { notes: [] }, endless: {} });
  book.workerGone(1, new Map([['notes', 1]]), 800, 5_800);
  expect(book.facts(STATES, [], 1_000)).toEqual({ busy: { notes: [[500, 5_800]] }, busyUntilMs: 1_000 });
});

test('nothing is kept of slices that are not observed', () => {
  const book = new BusyBook();
  book.take(1, { kind: 'busy', untilMs: 500, slices: { tags: [[1, 2]] }, endless: { tags: { live: 1 } } });
  expect(book.facts(STATES, [1], 1_000)).toEqual({ busy: { notes: [] }, busyUntilMs: 500 });
  expect(book.facts({}, [1], 1_000)).toEqual({});
});
