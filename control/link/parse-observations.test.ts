import { type EncodedObservation, encodeObservation } from '@ficus/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { anObservation } from '../parity/observation.fixture.ts';
import { RefusedReports } from '../traffic/refused-reports.ts';
import { parseObservations } from './parse-observations.ts';

const one = (over: object = {}): EncodedObservation => ({
  ...encodeObservation(anObservation({ candidate: { failed: 'timed out', durationMs: 1 } })),
  ...over,
});

const answered = (headers: readonly (readonly [string, string])[]) => ({
  legacy: { status: 200, headers, body: '', truncated: false, durationMs: 1 },
});

const members = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, 1]));

function play(...batch: unknown[]) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const refused = new RefusedReports(pino({}, { write }));
  const taken = [...parseObservations(batch, refused)].flatMap((parsed) => parsed?.requestId ?? []);
  return { taken, lines, counts: refused.counts };
}

test('a field name of any length is valid in a request', () => {
  const { taken } = play(one({ requestHeaders: [['x'.repeat(300), '1']] }));
  expect(taken).toEqual(['r1']);
});

test.each([
  ['a field that holds a line of its own', { requestHeaders: [['a', 'b\r\nc: d']] }, 'requestHeaders[0][1]'],
  ['a target that is none', { target: 'http://elsewhere/' }, 'target'],
  ['an answer whose head is longer than 64 KB', answered([['vary', 'a,'.repeat(33_000)]]), 'legacy'],
  ['an answer with more than 512 fields', answered(Array(513).fill(['a', 'b'])), 'legacy'],
  ['a head of megabytes', { requestHeaders: [['a', 'b'.repeat(2 ** 20)]] }, 'requestHeaders'],
  ['no caller', { caller: undefined }, 'caller'],
  ['a time that is no date', { at: 8.64e15 + 1 }, 'at'],
  ['a hundred members that are unknown', members(100), 'must not have more than 100 members'],
  [
    'unknown members of its caller',
    { caller: { user: 'mia', ...members(10) } },
    'caller: must not have more',
  ],
  ['something that this version does not know', { user: 'director' }, 'user'],
])('an observation with %s is refused and counted; the others of its batch are kept', (_, over, problem) => {
  const { taken, counts, lines } = play(one({ requestId: 'r0' }), one(over), one({ requestId: 'r2' }));
  expect(taken).toEqual(['r0', 'r2']);
  expect(counts).toEqual([{ kind: 'observation', reason: 'shape-wrong', count: 1 }]);
  expect(lines).toMatchObject([{ slice: 'notes', route: 'list', requestId: 'r1' }]);
  expect(lines[0]?.problem).toContain(problem);
});

test('data that is no observation is counted too, and its names are not trusted', () => {
  const { taken, counts, lines } = play(null, 5, { slice: 'x'.repeat(1000) });
  expect(taken).toEqual([]);
  expect(counts).toMatchObject([{ reason: 'shape-wrong', count: 3 }]);
  expect(JSON.stringify(lines)).not.toContain('xxx');
});

test('the log contains no value of a report', () => {
  const { lines } = play(one({ requestHeaders: [['cookie', 'sid=secret\n']], method: 'G T', at: 'secret' }));
  expect(JSON.stringify(lines)).not.toContain('secret');
});

test('each observation is a turn of its own, also one that is refused: others are served in between', () => {
  const refused = new RefusedReports(pino({ level: 'silent' }));
  const turns = parseObservations([one(), null, {}], refused);
  const counts = [0, 1, 2].map(() => {
    turns.next();
    return refused.counts.reduce((sum, { count }) => sum + count, 0);
  });
  expect(counts).toEqual([0, 1, 2]);
});
