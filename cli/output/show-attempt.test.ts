import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { attemptOf, cutoverOf, proxyOf, stepsUntil } from './attempt.fixture.ts';
import { showAttempt } from './show-attempt.ts';

/** Collects what was written. */
function outputOf({ isTTY }: { isTTY: boolean }) {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  Object.assign(stream, { isTTY, columns: 100 });
  return { stream: stream as unknown as NodeJS.WriteStream, read: () => text };
}

const CLEARED = '\r\u001b[2K';
const running = { state: 'running', finishedAt: null } as const;
const begun = cutoverOf(attemptOf({ ...running, steps: stepsUntil('arm', 'running'), step: 'arm' }));
const held = attemptOf({
  ...running,
  step: 'fence',
  steps: stepsUntil('fence', 'running'),
  proxies: [proxyOf()],
});

test('without a terminal: a line when a step has ended, once', () => {
  const { stream, read } = outputOf({ isTTY: false });
  const shown = showAttempt(begun, false, stream);
  shown.update(held);
  shown.update(held);
  shown.end();
  expect(read().split('\n')).toEqual([
    'cutover notes: writes go from the legacy to the candidate (epoch 4)',
    '  ✓ arm         5.0 ms',
    '  ✓ lease       5.0 ms  3 writes held, 0 in flight',
    '  ✓ hold        5.0 ms  3 writes held, 0 in flight',
    '',
  ]);
});

test('a step that was tried again says so, when it has ended and before', () => {
  const { stream, read } = outputOf({ isTTY: true });
  const shown = showAttempt(begun, false, stream);
  const steps = stepsUntil('check', 'running').map((one) =>
    one.step === 'lift' ? { ...one, ms: 812, tries: 3 } : one.step === 'check' ? { ...one, tries: 2 } : one,
  );
  shown.update(attemptOf({ ...running, state: 'completing', step: 'check', steps }));
  expect(read()).toMatch(/lift +812 ms {2}3 tries\n/);
  expect(read()).toContain('cutover notes check (try 2):');
  shown.end();
});

test('on a terminal the step in progress is redrawn below them, and cleared at the end', () => {
  const { stream, read } = outputOf({ isTTY: true });
  const shown = showAttempt(begun, true, stream);
  shown.update(held);
  expect(read()).toContain(`${CLEARED}cutover notes fence:`);
  shown.end();
  expect(read().endsWith(CLEARED)).toBe(true);
});

test('with --json and without a terminal nothing is said', () => {
  const { stream, read } = outputOf({ isTTY: false });
  const shown = showAttempt(begun, true, stream);
  shown.update(held);
  shown.away(held);
  shown.end();
  expect(read()).toBe('');
});

test('an outage is said once', () => {
  const { stream, read } = outputOf({ isTTY: false });
  const shown = showAttempt(begun, false, stream);
  for (let time = 0; time < 3; time += 1) shown.away(held);
  expect(read().match(/does not answer; step fence/g)).toHaveLength(1);
});
