import { configSchema, type TrafficCount } from '@ficus/core';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { RefusedReports } from '../traffic/refused-reports.ts';
import { holdDroppedCopies, holdEpochs, holdTraffic } from './hold-to-config.ts';

const config = configSchema.parse({
  version: 1,
  flags: { provider: 'file', file: 'flags.json' },
  legacy: { url: 'http://legacy.test' },
  slices: {
    notes: { candidate: { url: 'http://candidate.test' }, routes: [{ id: 'list', path: '/api/notes' }] },
  },
});

const count = (over: Partial<TrafficCount>): TrafficCount => ({
  slice: 'notes',
  route: 'list',
  side: 'legacy',
  reason: 'pinned',
  requests: 1,
  failures: 0,
  durationMs: 1,
  ...over,
});

describe('a report is reduced to the config', () => {
  it.each([
    ['a route of the config', {}, [count({})], []],
    ['a reason of another version', { reason: 'made-up' }, [count({ reason: 'unknown' })], []],
    ['no route at all', { slice: '', route: 'x' }, [count({ slice: '', route: '', reason: 'no-route' })], []],
    ['another route', { route: 'made-up' }, [], ['route-unknown']],
    ['another slice', { slice: 'made-up' }, [], ['slice-unknown']],
    ['a name that every object has', { slice: 'constructor' }, [], ['slice-unknown']],
  ])('%s', (_, over, kept, reasons) => {
    const refused = new RefusedReports(pino({ level: 'silent' }));
    expect(holdTraffic([count(over)], config, refused)).toEqual(kept);
    expect(refused.counts.map(({ reason }) => reason)).toEqual(reasons);
  });

  it('copies of another slice', () => {
    const refused = new RefusedReports(pino({ level: 'silent' }));
    const [mine, other] = ['notes', 'made-up'].map((slice) => ({ slice, reason: 'memory', copies: 1 }));
    expect(holdDroppedCopies([mine!, other!], config, refused)).toEqual([mine]);
    expect(refused.counts).toEqual([{ kind: 'dropped-copies', reason: 'slice-unknown', count: 1 }]);
  });

  it('epochs of other slices', () => {
    expect(holdEpochs({ notes: 3, other: 1, constructor: 2 }, config)).toEqual({ notes: 3 });
  });

  it('reasons of dropped copies are known words', () => {
    const made = { slice: 'notes', reason: 'made-up', copies: 1 };
    expect(holdDroppedCopies([made], config, new RefusedReports(pino({ level: 'silent' })))).toEqual([
      { ...made, reason: 'unknown' },
    ]);
  });
});
