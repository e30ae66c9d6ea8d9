import type { WriterNote } from '@ficus/cdc';
import type { Side, WriterConfig } from '@ficus/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { declareWriter, explainWriter, nameWriter } from './describe-writer.ts';
import { isExplained, judgeWriters } from './judge-writers.ts';
import { type NotePlace, placeNote } from './note-place.ts';
import { addNotes, EMPTY_INVENTORY, type PlacedNote } from './writer-inventory.ts';

const POOL: WriterConfig = { application: 'shop*', via: 'proxy', reason: 'the monolith' };
const JOB: WriterConfig = {
  user: 'importer',
  address: '10.1.0.0/16',
  via: 'other',
  reason: 'nightly import',
};

const note = (over: Partial<WriterNote> = {}): WriterNote => ({
  ...{ key: 'k', table: 'public.notes', statement: 'UPDATE', user: 'shop', application: 'shop web' },
  ...{ address: '10.0.0.7', pid: 11, transactionAtMs: 1000, writtenAtMs: 1001 },
  query: `UPDATE notes SET body = 'secret' WHERE id = 7`,
  ...over,
});
const placed = (place: NotePlace, over: Partial<WriterNote> = {}, asked?: readonly string[]): PlacedNote => ({
  ...{ note: note(over), place, offsetMs: 0 },
  asked,
});
const judgeAll = (
  notes: readonly PlacedNote[],
  declared: readonly WriterConfig[] = [POOL, JOB],
  side: Side = 'legacy',
) =>
  judgeWriters({
    entries: addNotes(EMPTY_INVENTORY, side, notes).entries,
    declared,
    owner: 'legacy',
    evidenceSince: 500,
  });
const verdicts = (...args: Parameters<typeof judgeAll>) => judgeAll(...args).map(({ verdict }) => verdict);

describe('on the owner’s side', () => {
  test('a pool whose writes all lie within proxied ones is explained', () => {
    expect(verdicts([placed('inside'), placed('inside', { pid: 12 })])).toEqual(['proxied']);
  });

  test('one write outside makes it unexplained, however many lie inside', () => {
    const inside = Array.from({ length: 50 }, () => placed('inside'));
    expect(verdicts([...inside, placed('outside')])).toEqual(['outside']);
  });

  test('a write of which nothing is known leaves it unjudged, until that is long ago', () => {
    expect(verdicts([placed('inside'), placed('unknown')])).toEqual(['unjudged']);
    expect(verdicts([placed('inside'), placed('unknown', { writtenAtMs: 400 })])).toEqual(['proxied']);
  });

  test.each([
    ['within its network', { user: 'importer', application: 'etl', address: '10.1.2.3' }, 'declared'],
    ['outside of it', { user: 'importer', application: 'etl', address: '10.2.2.3' }, 'undeclared'],
    ['through a socket', { user: 'importer', application: 'etl', address: null }, 'undeclared'],
    ['over IPv6', { user: 'importer', application: 'etl', address: 'fe80::1' }, 'undeclared'],
    ['a name that only begins alike', { application: 'sho' }, 'undeclared'],
    ['no name', { application: '' }, 'undeclared'],
  ] as const)('a writer %s', (_, over, verdict) => {
    expect(verdicts([placed('outside', over)])).toEqual([verdict]);
  });

  test('of several entries that match the first counts', () => {
    const job: WriterConfig = { application: 'shop web', via: 'other', reason: 'a job' };
    expect(verdicts([placed('outside')], [job, POOL])).toEqual(['declared']);
    expect(verdicts([placed('outside')], [POOL, job])).toEqual(['outside']);
  });
});

test('on the other side nothing explains a writer', () => {
  expect(verdicts([placed('inside')], [POOL], 'candidate')).toEqual(['unexpected']);
});

test('unexplained writers come first', () => {
  const job = { user: 'importer', application: 'a', address: '10.1.0.1' };
  expect(
    verdicts([
      placed('inside'),
      placed('outside', job),
      placed('inside', { user: 'mia', application: 'psql' }),
    ]),
  ).toEqual(['undeclared', 'declared', 'proxied']);
});

/** Notes and intervals as they come, judged whole. */
test('moving any one note outside all intervals makes its writer unexplained', () => {
  const interval = [1_000, 2_000] as const;
  const times = fc.integer({ min: 1_000, max: 1_900 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(times, fc.nat(90), fc.constantFrom('shop web', 'shop worker')), {
        minLength: 1,
        maxLength: 30,
      }),
      fc.nat(),
      fc.oneof(fc.integer({ min: 200, max: 700 }), fc.integer({ min: 2_100, max: 9_000 })),
      fc.nat(80),
      (notes, pick, movedTo, errorMs) => {
        const evidence = { intervals: [interval], offsetMs: 0, errorMs, unknown: [] };
        const place = (all: readonly WriterNote[]) =>
          all.map((each): PlacedNote => ({ note: each, place: placeNote(each, evidence), offsetMs: 0 }));
        const original = notes.map(([at, duration, application]) =>
          note({ application, transactionAtMs: at, writtenAtMs: at + duration }),
        );
        for (const { verdict } of judgeAll(place(original))) expect(isExplained(verdict)).toBe(true);
        const moved = original.map((each, at) =>
          at === pick % original.length
            ? { ...each, transactionAtMs: movedTo, writtenAtMs: movedTo + 1 }
            : each,
        );
        const judged = judgeAll(place(moved));
        const whose = original[pick % original.length]!.application;
        expect(isExplained(judged.find(({ entry }) => entry.application === whose)!.verdict)).toBe(false);
      },
    ),
  );
});

describe('what is said of it', () => {
  const said = (...args: Parameters<typeof judgeAll>) => {
    const [judged] = judgeAll(...args);
    return explainWriter(judged!, args[1] ?? [POOL, JOB]);
  };

  test('a read route that was asked each time is suspected', () => {
    const [routes, others] = [
      ['list', 'show'],
      ['list', 'other requests'],
    ];
    expect(said([placed('outside', {}, routes), placed('outside', {}, others)])).toContain(
      'asked each time: list.',
    );
    expect(said([placed('outside', {}, routes), placed('outside', {}, ['show2'])])).toContain(
      'probably a timer',
    );
    expect(said([placed('outside', {}, ['a', 'b', 'c', 'd'])])).not.toContain('asked each time');
    expect(said([placed('outside')])).toContain('a timer in that program, or a request');
  });

  test('a declared one is refused later', () => {
    expect(said([placed('outside', { user: 'importer', address: '10.1.0.1' })], [JOB])).toBe(
      'writers[0]: nightly import. After a cutover the fence refuses it.',
    );
  });

  test('values do not appear, and names cannot forge lines', () => {
    const [judged] = judgeAll([placed('outside', { application: 'evil\nok' })]);
    expect(judged!.entry.sample).toBe('UPDATE notes SET body = ? WHERE id = ?');
    expect(nameWriter(judged!.entry)).toBe('evil\\nok (user shop) from 10.0.0.7');
  });
});

describe('the line that declares it', () => {
  const line = (...notes: PlacedNote[]) => declareWriter(judgeAll(notes, [])[0]!);

  test('a pool, by its writes', () => {
    expect(line(placed('inside'))).toBe(
      '- { application: "shop web", user: "shop", via: proxy, reason: "…" }',
    );
  });

  test('anything else', () => {
    expect(line(placed('outside', { application: '' }))).toBe(
      '- { user: "shop", address: "10.0.0.7", via: other, reason: "…" }',
    );
    expect(line(placed('inside', { application: 'a*' }), placed('outside', { application: 'a*' }))).toBe(
      '- { user: "shop", via: other, reason: "…" }',
    );
  });

  test('a writer that no entry could explain has none', () => {
    expect(declareWriter(judgeAll([placed('outside')])[0]!)).toBeUndefined();
    expect(declareWriter(judgeAll([placed('inside')], [], 'candidate')[0]!)).toBeUndefined();
  });
});

test('an inventory has room for 500 writers; the notes of more are counted', () => {
  const notes = Array.from({ length: 510 }, (_, at) => placed('inside', { application: `app ${at}` }));
  expect(addNotes(EMPTY_INVENTORY, 'legacy', notes)).toMatchObject({ entries: { length: 500 }, beyond: 10 });
});
