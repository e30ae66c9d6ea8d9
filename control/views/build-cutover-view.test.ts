import { expect, test } from 'vitest';
import type { AttemptRow } from '../cutover/attempt.ts';
import { buildCutoverView, type CutoverParts } from './build-cutover-view.ts';

const AT = '2026-05-01T10:00:00.000Z';
const ROW: AttemptRow = {
  ...{ id: 1, slice: 'notes', operation: 'cutover', from: 'legacy', to: 'candidate', fromEpoch: 1, epoch: 2 },
  ...{ rehearsal: false, noWayBack: false, actor: 'ann', reason: '', step: 'check', outcome: 'done' },
  ...{ failure: null, barrier: '0/1', timings: {}, notes: [], report: {} },
  ...{ startedAt: AT, journaledAt: AT, finishedAt: AT },
};

const viewOf = (over: Partial<AttemptRow>) =>
  buildCutoverView(
    {
      states: { of: () => ({ owner: 'candidate', epoch: 2, retired: false }) },
      writes: {},
      coordinator: {
        attempt: () => ({ ...ROW, ...over }),
        version: () => 1,
        inconsistency: () => undefined,
        repair: () => undefined,
      },
    } as unknown as CutoverParts,
    'notes',
  ).attempt!;

test('a step that was tried again says how often', () => {
  const { steps } = viewOf({ timings: { lift: 812, release: 1 }, report: { tries: { lift: 3 } } });
  expect(steps.filter(({ state }) => state === 'done')).toEqual([
    { step: 'lift', state: 'done', ms: 812, tries: 3 },
    { step: 'release', state: 'done', ms: 1 },
  ]);
});

test('reasons, and what to do about them, name the slice', () => {
  const refusal = { code: 'FICUS_CUTOVER_NOT_VERIFIED', message: 'Run ficus verify SLICE.' } as const;
  const { failure, refusals, notes } = viewOf({
    ...{ outcome: 'abandoned', journaledAt: null, failure: { step: 'arm', ...refusal } },
    ...{ report: { refusals: [refusal] }, notes: ['Copy again: ficus copy SLICE --restart.'] },
  });
  const named = {
    message: 'Run ficus verify notes.',
    remedy: expect.stringContaining('`ficus verify notes`'),
  };
  expect(failure).toMatchObject({ step: 'arm', ...named });
  expect(refusals).toMatchObject([named]);
  expect(notes).toEqual(['Copy again: ficus copy notes --restart.']);
});
