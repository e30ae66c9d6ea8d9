import type { SliceView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { formatMismatches, formatReasons } from './format-evidence.ts';

type Parity = SliceView['parity'];

const sample = (number: number, places: number): Parity['samples'][number] => ({
  ...{ at: '2026-01-01T00:00:00.000Z', route: 'list', requestId: String(number), verdict: 'mismatch' },
  request: `GET /notes/${number}`,
  differences: Array.from({ length: places }, (_, at) => ({
    ...{ path: `body.notes[${at}]`, legacy: '‹a›', candidate: '‹b›' },
  })),
  expiredRules: [],
  curl: { legacy: `curl legacy/${number}`, candidate: `curl candidate/${number}` },
});
const parityOf = (over: Partial<Parity>) => ({ parity: { reasons: {}, samples: [], ...over } as Parity });

test('reasons come with their number, the most frequent first, and the rest is counted', () => {
  const reasons = { a: 1, b: 1200, c: 3, d: 4, e: 5, f: 6, g: 7 };
  expect(formatReasons(parityOf({ reasons }))).toEqual([
    ...['1,200 × b', '7 × g', '6 × f', '5 × e', '4 × d'],
    'and 2 more reasons (--json)',
  ]);
  expect(formatReasons(parityOf({}))).toEqual([]);
});

test('a mismatch says how many differences are not shown, and how to ask both sides', () => {
  expect(formatMismatches(parityOf({ samples: [sample(1, 4)] })).slice(-4)).toEqual([
    '  and 1 more difference',
    '  ask both again:',
    '    curl legacy/1',
    '    curl candidate/1',
  ]);
});

test('a candidate that answers 401 has not got the credentials: where they are named is said', () => {
  const refused = { ...sample(1, 1), differences: [{ path: 'status', legacy: '200', candidate: '401' }] };
  const lines = formatMismatches(parityOf({ samples: [refused] }));
  expect(lines.filter((line) => line.includes('candidate.credentials'))).toHaveLength(1);
  expect(formatMismatches(parityOf({ samples: [sample(1, 1)] })).join()).not.toContain('credentials');
});

test('a few mismatches are shown, and how many there are besides', () => {
  const lines = formatMismatches(parityOf({ samples: [1, 2, 3, 4, 5].map((number) => sample(number, 1)) }));
  expect(lines.filter((line) => line.includes('GET /notes/'))).toHaveLength(3);
  expect(lines.at(-1)).toBe('and 2 more requests with a difference (--json)');
});
