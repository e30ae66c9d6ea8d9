/** A part of the demo that breaks down: the demo says which, ends at once, and leaves no process and no folder. */
import { afterEach, describe, expect, test } from 'vitest';
import { demoFolder, descendantsOf, exists, findProcess } from './demo-processes.ts';
import { startCommand, stopAll } from './run-command.ts';
import { isAlive } from './up-rig.ts';

afterEach(stopAll);

const DEMO = [
  'sample/demo.ts',
  '--scale',
  '0.02',
  '--users',
  '60',
  '--rate',
  '20',
  '--seconds',
  '3',
  '--json',
];
/** Less than the minute after which a part that waits, for requests or for one that is gone, is killed. */
const AT_ONCE_MS = 40_000;

// Not the shell that watches it, which has the same words after its own.
describe.runIf(process.platform === 'linux')('a part of the demo is killed', () => {
  test.each([
    ['monolith', /^\S*node \S*legacy-monolith\/main/, /dashboard is/],
    ['PostgreSQL', /^\S*postgres -D/, /dashboard is/],
    ['ficus', /^(\S*node \S*ficus\.js|ficus) up/, /\$ ficus cutover/],
  ])('%s', { timeout: 120_000 }, async (part, command, moment) => {
    const running = startCommand(DEMO);
    await running.untilError(moment);
    const [pids, folder] = await Promise.all([
      descendantsOf(running.child.pid!),
      demoFolder(running.child.pid!),
    ]);
    expect(await exists(folder)).toBe(true);
    const killedAt = performance.now();
    process.kill(await findProcess(pids, command), 'SIGKILL');
    const { status, stdout } = await running.ended;
    const tookMs = performance.now() - killedAt;
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({
      status: 3,
      ok: false,
      problem: {
        code: 'SAMPLE_PART_FAILED',
        message: expect.stringContaining(`${part} exited unexpectedly`),
      },
    });
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    const left = async () => (await Promise.all(pids.map(isAlive))).filter(Boolean).length;
    await expect.poll(left).toBe(0);
    expect(await exists(folder)).toBe(false);
  });
});
