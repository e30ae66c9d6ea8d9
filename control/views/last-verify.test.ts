import { expect, test } from 'vitest';
import type { VerifyRun } from '../replications/verify-runs.ts';
import { lastVerify, withVersion } from './last-verify.ts';

type Parts = Parameters<typeof lastVerify>[0];

const running = (version: string): VerifyRun => ({
  ...{ state: 'running', mode: 'full', version, startedAt: '2026-01-01T00:00:00.000Z' },
  progress: { rowsCompared: 1, rowsTotal: 4, rowsPerSecond: 2 },
});

test.each([
  ['v1', 'v1', false],
  ['v1', 'v2', true],
  // The first copy makes the version known: nothing was deployed.
  ['', 'v1', false],
  ['v1', '', false],
  ['', '', false],
])('a verify that began with version "%s", while "%s" is current', (then, now, ofEarlierVersion) => {
  const parts = (run: VerifyRun | undefined) =>
    ({
      verifyRuns: { last: () => run },
      evidence: { verify: () => withVersion(running(then)) },
      parity: { versions: () => ({ current: now, earlier: [] }) },
    }) as unknown as Parts;
  const seen = { version: then || null, ofEarlierVersion };
  expect(lastVerify(parts(undefined), 'notes')).toMatchObject(seen);
  expect(lastVerify(parts(running(then)), 'notes')).toMatchObject({ state: 'running', ...seen });
});
