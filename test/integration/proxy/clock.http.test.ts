/** The wall clock may be set back while the proxy runs: timing uses a monotonic clock. */
import { afterEach, expect, test, vi } from 'vitest';
import { type Rig, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
});

test('an open breaker closes again although the clock was set back', async () => {
  rig = await startRig({ serve: 100, candidate: { breaker: { failures: 1, openMs: 100 } } });
  const well = rig.candidate.handler;
  rig.candidate.handler = (_, response) => response.writeHead(500).end();
  const get = () => rig.get('/api/notes', { cookie: 'sid=a' });
  await get();
  expect(rig.logs.some(({ msg, state }) => msg === 'breaker changed' && state === 'open')).toBe(true);

  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  rig.candidate.handler = well;
  await until(async () => (await get()).side === 'candidate', 'probed');
});
