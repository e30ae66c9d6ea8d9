import { type ClientFeature, configSchema, percentFlag } from '@ficus/core';
import { expect, test } from 'vitest';
import { logFlagChanges } from './flag-changes.ts';

const slice = (port: number) => ({
  candidate: { url: `http://127.0.0.1:${port}` },
  routes: [{ id: 'list', path: `/api/${port}` }],
});
const config = configSchema.parse({
  version: 1,
  flags: { provider: 'file', file: 'flags.json' },
  legacy: { url: 'http://127.0.0.1:1' },
  slices: { notes: slice(2), tags: slice(3) },
});
const setOf = (...features: ClientFeature[]) => ({ version: 2, features });
const share = (flag: string, percent: number) => percentFlag(flag, 'notes', percent);

function lines(before: ClientFeature[] | undefined, after: ClientFeature[]): unknown[] {
  const logged: unknown[] = [];
  const logger = { info: (facts: object, text: string) => logged.push({ ...facts, text }) };
  logFlagChanges(config, before && setOf(...before), setOf(...after), logger as never);
  return logged;
}

test('each flag of a slice that changes is one line, with both shares and where they came from', () => {
  const before = [share('notes.serve', 5), share('tags.shadow', 100), share('other.serve', 1)];
  const after = [share('notes.serve', 10), share('notes.shadow', 50), share('other.serve', 2)];
  const change = { slice: 'notes', source: 'file', text: 'flag changed' };
  expect(lines(before, after)).toEqual([
    { ...change, flag: 'notes.serve', from: 5, to: 10 },
    { ...change, flag: 'notes.shadow', from: 0, to: 50 },
    { ...change, slice: 'tags', flag: 'tags.shadow', from: 100, to: 0 },
  ]);
});

test('what changes whom a flag includes, and not its share, is said as well', () => {
  const cohort = (userIds: string): ClientFeature => ({
    ...share('notes.serve', 100),
    strategies: [{ name: 'userWithId', parameters: { userIds } }],
  });
  expect(lines([cohort('ann')], [cohort('ann,bob')])).toEqual([
    expect.objectContaining({ from: null, to: null, text: expect.stringContaining('whom it includes') }),
  ]);
});

test.each<[string, ClientFeature[] | undefined, ClientFeature[]]>([
  ['the first flags', undefined, [share('notes.serve', 5)]],
  ['the same flags again', [share('notes.serve', 5)], [share('notes.serve', 5)]],
  ['a field that decides nothing', [share('notes.serve', 5)], [{ ...share('notes.serve', 5), stale: true }]],
  ['a flag that appears switched off', [], [share('notes.serve', 0)]],
])('%s are no change', (_, before, after) => {
  expect(lines(before, after)).toEqual([]);
});

test('a flag without strategies, as a file may have one, is on for all', () => {
  const bare = { name: 'notes.serve', enabled: true } as ClientFeature;
  expect(lines([], [bare])).toEqual([expect.objectContaining({ from: 0, to: 100 })]);
});
