import type { AttemptView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { attemptOf, proxyOf } from './attempt.fixture.ts';
import { describeRunning, formatStep } from './format-step.ts';

const running = (over: Partial<AttemptView>) =>
  describeRunning(attemptOf({ state: 'running', finishedAt: null, ...over }));

test('a step that has ended: its duration, and what waits in the proxies', () => {
  const proxies = [proxyOf(), proxyOf({ proxy: 'edge-2', held: 1_200, inFlight: 2 })];
  expect(formatStep({ step: 'hold', state: 'done', ms: 3.21 }, { proxies }, process.stdout)).toBe(
    '✓ hold        3.2 ms  1,203 writes held, 2 in flight',
  );
});

test('figures of proxies are of the lease and the hold: others say their duration alone', () => {
  const failed = { step: 'arm', state: 'failed', ms: 1_250 } as const;
  expect(formatStep(failed, { proxies: [proxyOf()] }, process.stdout)).toBe('✗ arm         1.25 s');
  expect(formatStep({ ...failed, step: 'lift' }, { proxies: [] }, process.stdout)).toBe(
    '✗ lift        1.25 s',
  );
});

test('a lease waits for proxies that have not acknowledged, by name', () => {
  const proxies = [
    proxyOf({ writes: 'leased', held: 0 }),
    proxyOf({ proxy: 'edge-2', writes: 'open', held: 0 }),
    proxyOf({ proxy: 'edge-3', writes: 'open', held: 0, connected: false }),
  ];
  expect(running({ step: 'lease', proxies })).toContain(
    'lease: waits for edge-2 (not acknowledged), edge-3 (not connected)',
  );
});

test('a hold waits for writes that were sent before it', () => {
  const proxies = [proxyOf(), proxyOf({ proxy: 'edge-2', inFlight: 1, held: 0 })];
  expect(running({ step: 'hold', proxies })).toBe(
    'hold: waits for edge-2 (1 write); 3 writes held, 1 in flight',
  );
});

test('otherwise it says what the step does', () => {
  expect(running({ step: 'barrier', proxies: [proxyOf()] })).toBe(
    'barrier: The stream has applied everything before the barrier.',
  );
  expect(running({ step: 'arm' })).toMatch(/^arm: Everything that needs no outage/);
});

test('one that failed is being undone', () => {
  expect(running({ state: 'abandoning', step: 'verify' })).toBe(
    'being undone after a failure in step verify',
  );
});
