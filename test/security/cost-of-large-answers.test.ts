/**
 * Eleven kilobytes of gzip became 7.5 MB of JSON, and comparing two such answers took six seconds, in which the control
 * plane answered no health check and its database calls timed out. Two upstreams (or one that is compromised, and a
 * legacy that echoes) choose both bodies: no pair of them may hold the thread longer than this.
 */
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import type { ObservedResponse } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { compareResponses } from '../../parity/compare/compare-responses.ts';
import { prepareRules } from '../../parity/rules/ignore-rules.ts';
import { quickestMs } from '../parts/cost-bound.ts';

const BOUND_MS = 50;
const MIB = 1024 * 1024;
const SIZES = [256 * 1024, 512 * 1024, 2 * MIB - 64, 4 * MIB - 64];

const gzip = (text: string) => gzipSync(text, { level: 1 });
const PACKERS: Readonly<Record<string, (text: string) => Buffer>> = {
  '': (text) => Buffer.from(text),
  gzip,
  zstd: (text) => zstdCompressSync(text),
  br: (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
};

const answer = (body: Buffer, coding: string, type: string): ObservedResponse => ({
  status: 200,
  headers: [
    ['content-type', type],
    ['content-encoding', coding],
  ],
  body,
  truncated: false,
  durationMs: 1,
});

const repeat = (piece: string, bytes: number) => piece.repeat(Math.max(1, Math.floor(bytes / piece.length)));
const list = (item: string, last: string) => (bytes: number) => `[${repeat(`${item},`, bytes)}${last}]`;
const text = (piece: string) => (bytes: number) => `["${repeat(piece, bytes)}",1.10]`;
const members = (prefix: string, last: string) => (bytes: number) => {
  const length = prefix.length + 12;
  const all = Array.from({ length: Math.floor(bytes / length) }, (_, at) => `"${prefix}${at}":${at % 10}`);
  return `{${[...all, `"z":${last}`].join(',')}}`;
};
const nested = (depth: number, item: string) => (bytes: number) =>
  `{"m":${'['.repeat(depth)}${list(item, item)(bytes)}${']'.repeat(depth)}}`;
const underRule = (make: (bytes: number) => string) => (bytes: number) => `{"m":${make(bytes)}}`;

type Make = (bytes: number) => string;

/** Legacy and candidate, by the size of the document. */
const SHAPES: Readonly<Record<string, readonly [Make, Make]>> = {
  'numbers to be kept as written': [list('1.10', '1.10'), list('1.10', '1.20')],
  'plain numbers': [list('1', '1'), list('1', '2')],
  'long numbers': [(bytes) => repeat('1', bytes), (bytes) => `${repeat('1', bytes)}2`],
  'objects without members': [list('{}', '1.10'), list('{}', '2.10')],
  'lists without items': [list('[]', '1'), list('[]', '2')],
  'strings without characters': [list('""', '1.10'), list('""', '2.10')],
  escapes: [list('"\\n"', '1.10'), list('"\\n"', '2.10')],
  'one long string': [text('a'), text('b')],
  'one long string of escapes': [text('\\u0041'), text('\\u0042')],
  'one long string of blanks': [text(' '), text(' 1')],
  'a string of signs': [text(',:[{'), text(',:[}')],
  blanks: [(bytes) => `[${repeat(' ', bytes)}1.10]`, (bytes) => `[${repeat('\n', bytes)}1.20]`],
  'members of many names': [members('k', '1'), members('k', '2')],
  'members of many names, with numbers as written': [members('k', '1.10'), members('k', '1.20')],
  'members of long names': [members('k'.repeat(60), '1'), members('k'.repeat(60), '2')],
  'members that only one side has': [members('a', '1'), members('b', '1')],
  'members that only one side has, under a rule': [
    underRule(members('a', '1')),
    underRule(members('b', '1')),
  ],
  'items that all differ, under a rule': [underRule(list('1', '1')), underRule(list('2', '2'))],
  'items nested deep, under a rule': [nested(1500, '1'), nested(1500, '2')],
  'items nested deeper than the stack': [nested(50_000, '1'), nested(50_000, '2')],
  'no JSON': [(bytes) => repeat('[1.10,', bytes), (bytes) => repeat('[1.20,', bytes)],
};

const RULES = [1, 20].map((count) =>
  prepareRules(
    Array.from({ length: count }, (_, at) => ({
      path: at === 0 ? '$..m' : `$..m.a${at}`,
      reason: 'any',
    })).reverse(),
    'r',
    '2026-11-29',
  ),
);

function tooSlow(bodies: readonly [Buffer, Buffer], coding: string, type: string): string | undefined {
  const [legacy, candidate] = bodies.map((body) => answer(body, coding, type));
  for (const rules of RULES) {
    const ms = quickestMs(() => compareResponses(legacy!, candidate!, { rules }), BOUND_MS);
    if (ms > BOUND_MS) return `${ms.toFixed(0)} ms`;
  }
  return undefined;
}

describe('two answers that differ', () => {
  for (const [shape, [legacy, candidate]] of Object.entries(SHAPES)) {
    test(shape, { timeout: 120_000 }, () => {
      for (const size of SIZES) {
        const bodies = [gzip(legacy(size)), gzip(candidate(size))] as const;
        expect(tooSlow(bodies, 'gzip', 'application/json'), `${size} bytes`).toBeUndefined();
      }
    });
  }

  test('7.5 MB of numbers', () => {
    const [legacy, candidate] = SHAPES['numbers to be kept as written']!;
    for (const [coding, pack] of Object.entries(PACKERS)) {
      const bodies = [pack(legacy(7_500_000)), pack(candidate(7_500_000))] as const;
      expect(tooSlow(bodies, coding, 'application/json'), coding).toBeUndefined();
    }
  });

  test.each(['text/html', 'image/png'])('%s', (type) => {
    for (const size of SIZES) {
      for (const [coding, pack] of Object.entries(PACKERS)) {
        const bodies = [pack(repeat('é ', size / 2)), pack(`${repeat('é ', size / 2)}!`)] as const;
        expect(tooSlow(bodies, coding, type), `${size} bytes ${coding}`).toBeUndefined();
      }
    }
  });

  /** Each layer is as long as an unpacked body may be, and the next is stored in it as it is. */
  test('bodies that are packed a hundred times', () => {
    let body: Buffer = Buffer.alloc(4 * MIB - 8192);
    for (let layer = 0; layer < 100; layer++) body = gzipSync(body, { level: layer === 99 ? 9 : 0 });
    const coding = Array(100).fill('gzip').join(', ');
    expect(tooSlow([body, Buffer.concat([body, body])], coding, 'application/json')).toBeUndefined();
  });
});
