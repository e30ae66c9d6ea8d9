import { expect, test } from 'vitest';
import { WritesElsewhere, wroteCookieOf } from './writes-elsewhere.ts';

function open(proxyId: string, mostSeen = 10) {
  const pinned: string[] = [];
  const elsewhere = new WritesElsewhere({
    proxyId,
    mostSeen,
    pin: (slice, key) => pinned.push(`${slice} ${key}`),
  });
  const write = () => /=([^;]+);/.exec(elsewhere.cookieFor('c', false))![1]!;
  return { elsewhere, pinned, write };
}

test('a write of another proxy pins its caller once, and one of its own never', () => {
  const [here, there] = [open('a'), open('b')];
  const write = there.write();
  expect(here.elsewhere.isUnseen('ann', write)).toBe(true);
  expect(here.elsewhere.pins('notes', 'ann', [write])).toBe(true);
  expect(here.elsewhere.pins('notes', 'ann', [write])).toBe(false);
  expect(here.elsewhere.pins('notes', 'ann', [there.write()])).toBe(true);
  expect(there.elsewhere.pins('notes', 'ann', [write])).toBe(false);
  expect([here.pinned, there.pinned]).toEqual([['notes ann', 'notes ann'], []]);
});

// Another caller may be the same person, unknown for a moment or not logged in yet; or somebody who wants them to read old rows.
test('a write that one caller has shown pins every other who shows it', () => {
  const [here, there] = [open('a'), open('b')];
  const write = there.write();
  for (const caller of ['address ::1', 'ann']) here.elsewhere.pins('notes', caller, [write]);
  expect(here.pinned).toEqual(['notes address ::1', 'notes ann']);
});

test('whatever the caller is called, a write pins them once', () => {
  const [here, there] = [open('a'), open('b')];
  const write = there.write();
  for (const caller of ['ä\ud800', 'ä\ud800']) here.elsewhere.pins('notes', caller, [write]);
  expect(here.pinned).toHaveLength(1);
});

test('of several writes one that is unseen pins, and once', () => {
  const [here, there] = [open('a'), open('b')];
  const writes = ['planted', here.write(), there.write(), there.write()];
  expect(here.elsewhere.pins('notes', 'ann', writes)).toBe(true);
  expect(here.elsewhere.pins('notes', 'ann', writes)).toBe(false);
  expect(here.pinned).toEqual(['notes ann']);
});

test('no two writes have one name, in workers of one proxy neither, and none tells the next', () => {
  const workers = [open('a'), open('a')];
  const writes = workers.flatMap(({ write }) => Array.from({ length: 100 }, write));
  const proxy = '01234567-'.length;
  expect(new Set(writes.map((write) => write.slice(proxy, proxy + 12))).size).toBe(200);
  expect(workers[1]!.elsewhere.isUnseen('ann', writes[0]!)).toBe(false);
});

test('the oldest of many writes is forgotten, and pins again', () => {
  const [here, there] = [open('a', 3), open('b')];
  const writes = Array.from({ length: 4 }, there.write);
  for (const write of writes) here.elsewhere.pins('notes', 'ann', [write]);
  const unseen = writes.map((write) => here.elsewhere.isUnseen('ann', write));
  expect(unseen).toEqual([true, false, false, false]);
});

test('slices have cookies of their own, whose names do not tell them', () => {
  const names = ['notes', 'orders'].map((slice) => wroteCookieOf('ficus_wrote', slice));
  expect(new Set(names).size).toBe(2);
  expect(names.join()).not.toMatch(/notes|orders/);
});
