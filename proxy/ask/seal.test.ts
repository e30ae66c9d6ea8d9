import type { Observation, ObservedResponse } from '@ficus/core';
import { describe, expect, it } from 'vitest';
import { Seal } from './seal.ts';

const seal = new Seal(['a-secret-of-sixteen-or-more']);
const NOW = 1_800_000_000_000;
const answer = (body: string, over: object = {}): ObservedResponse => ({
  status: 200,
  headers: [['content-type', 'text/plain']],
  body: Buffer.from(body),
  truncated: false,
  durationMs: 1.5,
  ...over,
});
const observation: Observation = {
  slice: 'notes',
  route: 'list',
  requestId: 'r1',
  traceId: 't1',
  at: NOW,
  method: 'GET',
  httpVersion: '1.1',
  target: '/api/notes',
  targets: { legacy: '/api/notes', candidate: '/v2/notes' },
  requestHeaders: [['Cookie', 'sid=1']],
  caller: { user: 'ann' },
  servedBy: 'legacy',
  owner: 'legacy',
  epoch: 1,
  pinned: false,
  legacy: answer('one'),
  candidate: answer('two'),
};
const sealed: Observation = { ...observation, seal: seal.of(observation) };

describe('the seal', () => {
  it('is valid for the observation that it was made for, in whatever order its members arrive', () => {
    expect(seal.refusal(sealed, NOW)).toBeUndefined();
    const reordered = Object.fromEntries(Object.entries(sealed).reverse()) as unknown as Observation;
    expect(seal.refusal(reordered, NOW)).toBeUndefined();
  });

  it.each<[string, Partial<Observation>]>([
    ['another user', { caller: { user: 'director' } }],
    ['a tenant', { caller: { user: 'ann', tenant: 'blue' } }],
    ['no caller', { caller: 'anonymous' }],
    ['another target', { target: '/api/notes/2' }],
    ['another target at a side', { targets: { ...observation.targets, candidate: '/internal' } }],
    ['another method', { method: 'HEAD' }],
    ['another HTTP version', { httpVersion: '1.0' }],
    ['another slice', { slice: 'other' }],
    ['another route', { route: 'other' }],
    ['another field', { requestHeaders: [['Cookie', 'sid=2']] }],
    ['a further field', { requestHeaders: [...observation.requestHeaders, ['X-User', 'director']] }],
    ['another owner', { owner: 'candidate' }],
    ['another epoch', { epoch: 2 }],
    ['another side that served', { servedBy: 'candidate' }],
    ['a later time', { at: NOW + 1 }],
    ['another trace', { traceId: 't2' }],
    ['another answer', { legacy: answer('on') }],
    ['answers that are one text when joined', { legacy: answer('on'), candidate: answer('etwo') }],
    ['another status', { candidate: answer('two', { status: 404 }) }],
    ['another field in an answer', { candidate: answer('two', { headers: [] }) }],
    ['no answer', { candidate: { failed: 'timed-out', durationMs: 1.5 } }],
    ['no seal', { seal: undefined }],
    ['a seal that is too short', { seal: 'x' }],
  ])('is invalid for %s', (_, over) => {
    expect(seal.refusal({ ...sealed, ...over }, NOW)).toBe('seal-wrong');
  });

  it('is invalid under another secret', () => {
    expect(new Seal(['another-secret-of-sixteen']).refusal(sealed, NOW)).toBe('seal-wrong');
  });

  it('is valid under an older secret while a new one signs', () => {
    const both = new Seal(['another-secret-of-sixteen', 'a-secret-of-sixteen-or-more']);
    expect(both.refusal(sealed, NOW)).toBeUndefined();
    expect(seal.refusal({ ...observation, seal: both.of(observation) }, NOW)).toBe('seal-wrong');
  });

  it.each([
    ['four minutes later', 4, undefined],
    ['on a clock four minutes behind', -4, undefined],
    ['six minutes later', 6, 'seal-expired'],
    ['on a clock six minutes behind', -6, 'seal-expired'],
  ])('%s', (_, minutes, refusal) => {
    expect(seal.refusal(sealed, NOW + minutes * 60_000)).toBe(refusal);
  });
});
