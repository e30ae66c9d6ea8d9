import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditWrites, countBy } from './audit-writes.ts';

const write = (key: string, acknowledged = true) => ({ key, acknowledged });

describe('auditWrites', () => {
  test('an acknowledged write without a row is missing', () => {
    expect(auditWrites([write('a'), write('b')], new Map([['a', 1]]))).toMatchObject({
      acknowledged: 2,
      missing: ['b'],
    });
  });

  test('a refused write without a row is as it should be; with a row, its writer was misinformed', () => {
    const audit = auditWrites([write('a', false), write('b', false)], new Map([['b', 1]]));
    expect(audit).toEqual({ acknowledged: 0, missing: [], unconfirmed: ['b'], duplicates: [], extra: [] });
  });

  test('two rows for one key, and a row for none', () => {
    const found = new Map([
      ['a', 2],
      ['stranger', 1],
    ]);
    expect(auditWrites([write('a')], found)).toMatchObject({
      missing: [],
      duplicates: ['a'],
      extra: ['stranger'],
    });
  });

  test('a key that two writes share audits nothing', () => {
    expect(() => auditWrites([write('a'), write('a', false)], new Map())).toThrow('one key');
  });

  test('every write and every row is accounted for', () => {
    const keys = fc.uniqueArray(fc.string(), { maxLength: 30 });
    const writes = keys.chain((all) =>
      fc.tuple(...all.map((key) => fc.boolean().map((acknowledged) => write(key, acknowledged)))),
    );
    const found = fc
      .array(fc.tuple(fc.string(), fc.integer({ min: 1, max: 3 })))
      .map((rows) => new Map(rows));
    fc.assert(
      fc.property(writes, found, (sent, rows) => {
        const { acknowledged, missing, unconfirmed, extra } = auditWrites(sent, rows);
        const rightlyThere = acknowledged - missing.length;
        expect(rightlyThere + unconfirmed.length + extra.length).toBe(rows.size);
      }),
    );
  });
});

test('failures are counted by kind, the most frequent first', () => {
  const failures = ['status 503', '', 'ECONNRESET', 'status 503'];
  expect(Object.entries(countBy(failures))).toEqual([
    ['status 503', 2],
    ['ECONNRESET', 1],
  ]);
});
