import type { Observation, Verdict } from '@ficus/core';
import { describe, expect, it } from 'vitest';
import { KeptValues } from '../redact/kept-values.ts';
import { makeSample } from './make-sample.ts';
import { ParityTally } from './parity-tally.ts';

const observation: Observation = {
  slice: 's',
  route: 'list',
  requestId: 'r1',
  at: 0,
  method: 'GET',
  httpVersion: '1.1',
  target: '/api/items?email=a@b.co',
  targets: { legacy: '/api/items', candidate: '/api/items' },
  requestHeaders: [['cookie', 'sid=secret']],
  caller: 'anonymous',
  servedBy: 'legacy',
  owner: 'legacy',
  epoch: 1,
  pinned: false,
  legacy: { failed: 'x', durationMs: 1 },
  candidate: { failed: 'x', durationMs: 1 },
};
const context = {
  legacy: 'http://old',
  candidate: 'http://new',
  pattern: '/api/items',
  kept: new KeptValues(),
};
const mismatch: Verdict = {
  kind: 'mismatch',
  differences: [{ path: '$.items[3]["‹q@z.it›"].email', legacy: '"‹a@b.de›"', candidate: '"‹c@d.fr›"' }],
};
const add = (tally: ParityTally, verdict: Verdict) =>
  tally.add('list', verdict, new Date(5000), () => makeSample(observation, verdict, context));

describe('tally', () => {
  it('has no ratio while nothing was compared', () => {
    const tally = new ParityTally(new Date(0));
    add(tally, { kind: 'inconclusive', reason: 'x' });
    add(tally, { kind: 'stale', differences: [] });
    tally.addSkipped('list', 'queue full', 4);
    expect(tally.report()).toMatchObject({
      compared: 0,
      ratio: null,
      lastComparedAt: null,
      counts: { skipped: 4, stale: 1 },
      reasons: { 'skipped: queue full': 4, 'inconclusive: x': 1 },
    });
  });

  it('counts matches among what was compared: what a rule explains is no agreement', () => {
    const tally = new ParityTally(new Date(0));
    add(tally, { kind: 'match' });
    add(tally, { kind: 'match' });
    add(tally, { kind: 'noise', rules: ['$.at (clock)'] });
    add(tally, mismatch);
    add(tally, { kind: 'inconclusive', reason: 'x' });
    expect(tally.report()).toMatchObject({
      ...{ compared: 4, ratio: 0.5, lastComparedAt: '1970-01-01T00:00:05.000Z' },
    });
  });

  it('keeps few samples, newest first, without secrets or bodies', () => {
    const tally = new ParityTally(new Date(0));
    for (let i = 0; i < 100; i++) add(tally, mismatch);
    const report = tally.report();
    expect(report.samples).toHaveLength(20);
    expect(report.differingPaths).toEqual([{ route: 'list', path: '$.items[*][*].email', count: 100 }]);
    expect(JSON.stringify(report)).not.toMatch(/sid=secret|a@b\.co/);
  });

  it('counts without samples when none are to be kept', () => {
    const tally = new ParityTally(new Date(0));
    tally.add('list', mismatch, new Date(5000));
    expect(tally.report()).toMatchObject({
      counts: { mismatch: 1 },
      samples: [],
      differingPaths: [{ count: 1 }],
    });
  });

  it('starts again after a reset', () => {
    const tally = new ParityTally(new Date(0));
    add(tally, mismatch);
    tally.reset(new Date(1000));
    expect(tally.report()).toMatchObject({
      ...{ since: '1970-01-01T00:00:01.000Z', lastComparedAt: null, compared: 0, samples: [] },
    });
  });
});
