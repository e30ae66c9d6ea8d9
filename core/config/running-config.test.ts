import { expect, test } from 'vitest';
import { describeRefusal, RunningConfig } from './running-config.ts';

const missing = { path: ['legacy', 'url'], message: 'is required' };

test('the time is that of the first refusal in a row, the problems are the newest', () => {
  let now = 0;
  const config = new RunningConfig(() => now);
  expect(config.view).toEqual({ appliedAt: '1970-01-01T00:00:00.000Z', refused: null });
  now = 1000;
  config.refuse([missing]);
  now = 2000;
  config.refuse([{ path: ['slices', 'a', 'routes', 0], message: 'is not a known key' }]);
  const { refused } = config.view;
  expect(refused).toEqual({
    since: '1970-01-01T00:00:01.000Z',
    count: 1,
    problems: [{ path: 'slices.a.routes[0]', message: 'is not a known key' }],
    needsRestart: false,
  });
  expect(config.unchanged()).toBe(true);
  expect(config.unchanged()).toBe(false);
  config.refuse([missing]);
  now = 3000;
  config.applied();
  expect(config.view).toEqual({ appliedAt: '1970-01-01T00:00:03.000Z', refused: null });
});

test('what is kept of a refusal is bounded, and its number is exact', () => {
  const config = new RunningConfig(() => 0);
  const problems = Array.from({ length: 3000 }, () => ({
    path: ['x'.repeat(9000)],
    message: 'y'.repeat(9000),
  }));
  const refused = config.refuse(problems);
  expect(refused.count).toBe(3000);
  expect(JSON.stringify(refused).length).toBeLessThan(25_000);
});

test('a refusal in one line', () => {
  const config = new RunningConfig(() => 0);
  expect(describeRefusal(config.refuse([missing]))).toBe(
    'refused since 1970-01-01T00:00:00.000Z: legacy.url: is required',
  );
  expect(describeRefusal(config.refuse([missing, missing, missing]))).toMatch(/is required, and 2 more$/);
});

test('a refused file shows until it can be used, behind a refused config and across reloads', () => {
  let now = 0;
  const config = new RunningConfig(() => now);
  config.takeFile('proxy.tls', 'no certificate');
  now = 1_000;
  config.takeFile('proxy.tls', 'another key');
  const file = {
    since: '1970-01-01T00:00:00.000Z',
    count: 1,
    problems: [{ path: 'proxy.tls', message: 'another key' }],
  };
  expect(config.view.refused).toEqual(file);
  config.refuse([{ path: ['legacy'], message: 'is required' }]);
  expect(config.view.refused?.problems.map(({ path }) => path)).toEqual(['legacy', 'proxy.tls']);
  config.applied();
  expect(config.view.refused).toEqual(file);
  config.takeFile('proxy.tls', undefined);
  expect(config.view.refused).toBeNull();
});

test('each refused file shows by itself', () => {
  let now = 0;
  const config = new RunningConfig(() => now);
  config.takeFile('proxy.tls', 'no certificate');
  now = 1_000;
  config.takeFile('flags.file', 'not JSON');
  expect(config.view.refused).toMatchObject({ since: '1970-01-01T00:00:00.000Z', count: 2 });
  config.takeFile('proxy.tls', undefined);
  expect(config.view.refused).toMatchObject({
    since: '1970-01-01T00:00:01.000Z',
    problems: [{ path: 'flags.file', message: 'not JSON' }],
  });
});

test('a restart is what is missing only where the whole file is valid', () => {
  const config = new RunningConfig(() => 0);
  const restart = { path: ['proxy', 'workers'], message: 'cannot change', needsRestart: true };
  expect(config.refuse([restart, missing]).needsRestart).toBe(false);
  expect(config.refuse([restart]).needsRestart).toBe(true);
  config.takeFile('flags.file', 'not JSON');
  expect(config.view.refused?.needsRestart).toBe(false);
});

test('what is taken at a start alone waits for the next, and is no refusal', () => {
  const config = new RunningConfig(() => 0);
  config.takeFixed('control', 'has changed');
  expect(config.view.refused).toMatchObject({ count: 1, needsRestart: true });
  expect(describeRefusal(config.view.refused!)).toBe(
    'valid, and waits for a restart since 1970-01-01T00:00:00.000Z: control: has changed',
  );
  config.applied();
  expect(config.view.refused).not.toBeNull();
  config.takeFixed('control', undefined);
  expect(config.view.refused).toBeNull();
});
