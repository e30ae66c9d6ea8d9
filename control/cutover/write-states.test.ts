/** What proxies hear of an attempt that another process left: nothing flows before the journal has its end. */
import { CUTOVER_STEPS, type Side } from '@ficus/core';
import { expect, test } from 'vitest';
import type { SliceStates, StoredSlice } from '../store/slice-states.ts';
import type { AttemptRow } from './attempt.ts';
import { ProxyLeases } from './proxy-leases.ts';
import { DEFAULT_LIMITS } from './work.ts';
import { WriteStates } from './write-states.ts';

const stored: StoredSlice = { owner: 'legacy', epoch: 1, writes: 'open', retired: false };
const left = (row: Partial<AttemptRow>) =>
  ({ slice: 'orders', epoch: 2, step: 'arm', finishedAt: null, ...row }) as AttemptRow;

function after(...unfinished: AttemptRow[]): WriteStates {
  const leases = new ProxyLeases({ reported: () => [] });
  return new WriteStates({} as SliceStates, leases, DEFAULT_LIMITS, unfinished);
}

test.each(CUTOVER_STEPS)('an attempt left in %s is held until it is abandoned or complete', (step) => {
  const writes = after(left({ step }));
  expect(writes.of('orders', stored)).toMatchObject({ writes: 'held', attempt: 2, epoch: 1 });
  writes.open('orders');
  expect(writes.of('orders', stored)).toEqual({ owner: 'legacy', epoch: 1, writes: 'open' });
});

test('one that has ended holds nothing', () => {
  expect(after(left({ finishedAt: 'now' })).of('orders', stored).writes).toBe('open');
});

test('one that is taken over while proxies are connected is announced at once', () => {
  const writes = after();
  const announced: unknown[] = [];
  writes.announce = (slice) => announced.push(writes.of(slice, stored));
  writes.restore(left({ step: 'lease' }));
  expect(announced).toMatchObject([{ writes: 'held', attempt: 2 }]);
});

test('lease, hold and release are announced at once', async () => {
  const writes = after();
  const announced: string[] = [];
  writes.announce = (slice) => announced.push(writes.of(slice, stored).writes);
  // No proxy is connected.
  await expect(writes.lease(left({}), 1)).rejects.toMatchObject({ code: 'FICUS_CUTOVER_PROXY_NOT_READY' });
  await writes.hold(left({}), 1);
  writes.open('orders');
  expect(announced).toEqual(['leased', 'held', 'open']);
});

// A released write is answered by the new owner: a proxy that hears of that later would send its user's next read to the former one.
test('the new owner is announced while writes are still held', () => {
  let known = stored;
  const adopt = (_: string, owner: Side, epoch: number) => {
    known = { ...stored, owner, epoch };
  };
  const states = { of: () => known, adopt };
  const leases = new ProxyLeases({ reported: () => [] });
  const writes = new WriteStates(states as unknown as SliceStates, leases, DEFAULT_LIMITS, [left({})]);
  const announced: unknown[] = [];
  writes.announce = (slice) => announced.push(writes.of(slice, known));
  writes.adopt('orders', 'candidate', 2);
  writes.adopt('orders', 'candidate', 2);
  expect(announced).toMatchObject([{ owner: 'candidate', epoch: 2, writes: 'held', attempt: 2 }]);
});
