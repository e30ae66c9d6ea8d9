import type { VerifyResume } from '@ficus/cdc';
import type { ReplicationStatus } from '@ficus/core';
import { expect, test } from 'vitest';
import type { ReplicationPort } from './replication-set.ts';
import { type RunVerify, type VerifyRequest, VerifyRuns } from './verify-runs.ts';

const request: VerifyRequest = {
  slice: 'notes',
  version: 'v1',
  tables: [],
  sourceUrl: 'postgres://a/source',
  targetUrl: 'postgres://a/target',
  replication: undefined,
  mode: 'full',
  resume: false,
};
const match = {
  verdict: 'match' as const,
  reason: undefined,
  resume: undefined,
  rowsCompared: { source: 2, target: 2 },
  rowsPerSecond: 5,
  tables: [],
  differences: [],
  differencesNotListed: 0,
  nothingChanged: false,
  changesUnknown: false,
};

const STOPPED: VerifyResume = {
  tables: [],
  differences: [],
  differencesNotListed: 0,
  current: undefined,
};

/** Runs of verify that return the results of `script` in order, and record where each was asked to continue. */
function played(...script: (() => Awaited<ReturnType<RunVerify>>)[]) {
  const resumed: unknown[] = [];
  const runs = new VerifyRuns(async ({ resume, onProgress }) => {
    resumed.push(resume);
    onProgress({ rowsCompared: 1, rowsTotal: 2, rowsPerSecond: 3, resume: STOPPED });
    return script[resumed.length - 1]!();
  });
  const run = async (over: Partial<VerifyRequest> = {}) => {
    runs.start({ ...request, ...over });
    await expect.poll(() => runs.last('notes')?.state).not.toBe('running');
    return runs.last('notes');
  };
  return { resumed, run };
}

const broken = (): never => {
  throw new Error('connection lost');
};

test('an interrupted run continues where it stopped, if requested; a finished one does not', async () => {
  const { resumed, run } = played(
    broken,
    () => match,
    () => match,
  );
  expect(await run()).toMatchObject({ state: 'failed', error: { message: 'connection lost' } });
  expect(await run({ resume: true })).toMatchObject({ state: 'done', outcome: match });
  await run({ resume: true });
  expect(resumed).toEqual([undefined, STOPPED, undefined]);
});

test('a run without that request starts over, and a sample keeps the full run’s place', async () => {
  const { resumed, run } = played(broken, () => match, broken, broken);
  await run();
  expect(await run({ mode: { sample: 10 } })).toMatchObject({ mode: { sample: 10 } });
  await run({ resume: true });
  await run();
  expect(resumed).toEqual([undefined, undefined, STOPPED, undefined]);
});

test('a stream that stops ends the run at once, and its problem is the run’s', async () => {
  let report: (status: ReplicationStatus) => void = () => undefined;
  let isWatched = false;
  const replication = {
    subscribe: (listener: typeof report) => {
      report = listener;
      isWatched = true;
      return () => {
        isWatched = false;
      };
    },
  } as unknown as ReplicationPort;
  const aborted = Promise.withResolvers<void>();
  const runs = new VerifyRuns(({ signal }) => {
    signal.addEventListener('abort', () => aborted.resolve());
    return new Promise(() => undefined);
  });
  runs.start({ ...request, replication });
  report({ slice: 'notes', state: 'reconnecting' } as ReplicationStatus);
  expect(runs.last('notes')?.state).toBe('running');
  const problem = { code: 'FICUS_CDC_CONFLICT', message: 'A row is there already.', remedy: '' };
  report({ slice: 'notes', state: 'stopped', problem } as ReplicationStatus);
  await aborted.promise;
  await expect
    .poll(() => runs.last('notes'))
    .toMatchObject({
      state: 'failed',
      error: { code: 'FICUS_CDC_CONFLICT', message: expect.stringContaining('A row is there already.') },
    });
  expect(isWatched).toBe(false);
});

test('a run has the version of its start, at its end too', async () => {
  const { run } = played(() => match, broken);
  expect(await run({ version: 'v1' })).toMatchObject({ state: 'done', version: 'v1' });
  expect(await run({ version: 'v2' })).toMatchObject({ state: 'failed', version: 'v2' });
});
