/** What is said of bodies too large to be compared by value: never a match, and never a mismatch that is none. */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { IgnoreRule, ObservedResponse } from '@ficus/core';
import { expect, it } from 'vitest';
import { prepareRules } from '../rules/ignore-rules.ts';
import { compareResponses } from './compare-responses.ts';

type Headers = readonly (readonly [string, string])[];

const answer = (body: string | Uint8Array, headers: Headers = []): ObservedResponse => ({
  status: 200,
  headers: [['content-type', 'application/json'], ...headers],
  body: typeof body === 'string' ? Buffer.from(body) : body,
  truncated: false,
  durationMs: 1,
});
const rules = (...list: IgnoreRule[]) => prepareRules(list, 'list', '2026-11-20');
const row = (id: number, label: string) => ({ id, label, price: id / 4, parts: [id, null, { on: true }] });
const rows = (count: number, last: string) =>
  Array.from({ length: count }, (_, id) => row(id, id === count - 1 ? last : 'Article of the catalogue'));
const json = (count: number, last = 'same') => JSON.stringify(rows(count, last));
const reordered = (count: number) =>
  JSON.stringify(rows(count, 'same').map(({ id, ...others }) => ({ ...others, id })));

const READ = 3_000; // 280 KB
const LARGE = 20_000; // 1.9 MB
const TOO_LARGE = { kind: 'inconclusive', reason: 'the bodies differ and are too large to compare by value' };

it('compares documents of some hundred kilobytes by value', () => {
  expect(json(READ).length).toBeGreaterThan(256 * 1024);
  expect(compareResponses(answer(json(READ)), answer(reordered(READ))).kind).toBe('match');
  expect(compareResponses(answer(json(READ)), answer(json(READ, 'other')))).toMatchObject({
    kind: 'mismatch',
    differences: [{ path: `$[${READ - 1}].label` }],
  });
});

it('large ones are a match when their bytes are equal, packed or not', () => {
  const large = json(LARGE);
  const gzip = answer(gzipSync(large), [['content-encoding', 'gzip']]);
  const brotli = answer(brotliCompressSync(large, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }), [
    ['content-encoding', 'br'],
  ]);
  expect(compareResponses(answer(large), answer(large)).kind).toBe('match');
  expect(compareResponses(gzip, answer(large)).kind).toBe('match');
  expect(compareResponses(gzip, brotli).kind).toBe('match');
});

it('large ones that differ prove nothing: the order of members may be all', () => {
  expect(compareResponses(answer(json(LARGE)), answer(json(LARGE, 'other')))).toEqual(TOO_LARGE);
  expect(compareResponses(answer(json(LARGE)), answer(reordered(LARGE)))).toEqual(TOO_LARGE);
  expect(compareResponses(answer(json(LARGE)), answer('[]'))).toEqual(TOO_LARGE);
  const text = (end: string) => answer(`["${'a'.repeat(3_000_000)}${end}"]`);
  expect(compareResponses(text('x'), text('y'))).toEqual(TOO_LARGE);
});

it('another difference still counts beside them', () => {
  const verdict = compareResponses(
    answer(json(LARGE), [['x-total', '1']]),
    answer(json(LARGE, 'other'), [['x-total', '2']]),
  );
  expect(verdict).toMatchObject({ kind: 'mismatch', differences: [{ path: 'header.x-total' }] });
});

it('a rule for the whole body explains them; one for a place in it does not', () => {
  const [left, right] = [answer(json(LARGE)), answer(json(LARGE, 'other'))];
  const whole = rules({ path: 'body', reason: 'export' });
  expect(compareResponses(left, right, { rules: whole })).toEqual({
    kind: 'noise',
    rules: ['body (export)'],
  });
  const place = rules({ path: '$[*].label', reason: 'text' });
  expect(compareResponses(left, right, { rules: place })).toEqual(TOO_LARGE);
});

it('large bodies that are no JSON are a mismatch by their bytes', () => {
  const page = (end: string): ObservedResponse => ({
    ...answer(`<p>${'é'.repeat(1_500_000)}${end}`),
    headers: [['content-type', 'text/html']],
  });
  expect(compareResponses(page('x'), page('y'))).toMatchObject({
    kind: 'mismatch',
    differences: [{ path: 'body', legacy: expect.stringContaining('bytes') }],
  });
});

it('differences that could not all be checked against the rules are no noise', () => {
  const items = (value: string, last: number) =>
    answer(`{"at":[${`${value},`.repeat(40_000)}0],"z":${last}}`);
  const some = rules(...Array.from({ length: 9 }, (_, at) => ({ path: `$.z${at}`, reason: 'x' })), {
    path: '$.at',
    reason: 'clock',
  });
  const reason = 'more differences than can be checked against the rules';
  const hidden = compareResponses(items('1', 1), items('2', 2), { rules: some });
  expect(hidden).toEqual({ kind: 'inconclusive', reason });
  const few = rules({ path: '$.at', reason: 'clock' });
  expect(compareResponses(items('1', 1), items('2', 2), { rules: few })).toMatchObject({
    kind: 'mismatch',
    differences: [{ path: '$.z' }],
  });
});

it('a body is unpacked twice at most', () => {
  const twice = gzipSync(gzipSync('{"a":1}'));
  const packed = answer(twice, [['content-encoding', 'gzip, gzip']]);
  expect(compareResponses(packed, answer('{ "a": 1 }')).kind).toBe('match');
  const often = answer(gzipSync(twice), [['content-encoding', 'gzip, gzip, gzip']]);
  expect(compareResponses(often, answer('{ "a": 1 }'))).toEqual({
    kind: 'inconclusive',
    reason: 'the legacy’s body could not be decompressed',
  });
});
