/**
 * A process of `ficus up` that is stopped before it got its config has ended in order, even when something keeps it
 * alive: only a process that `ficus up` left behind is ended by the clock, with status 3.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const SUPERVISOR = new URL('../../../cli/processes/supervisor.ts', import.meta.url);
let directory = '';
let child: ChildProcess | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ficus-supervisor-'));
  await writeFile(
    join(directory, 'process.ts'),
    `import { connectSupervisor } from '${SUPERVISOR.href}';
const supervisor = connectSupervisor('control');
setInterval(() => undefined, 1000);
await supervisor.send({ kind: 'ready' });
await supervisor.first;
if (process.argv[2] === 'close') supervisor.close();
`,
  );
});

afterEach(() => void child?.kill('SIGKILL'));
afterAll(() => rm(directory, { recursive: true, force: true }));

async function start(mode: 'close' | 'stay') {
  child = fork(join(directory, 'process.ts'), [mode], { stdio: 'inherit' });
  const ended = once(child, 'exit');
  await once(child, 'message');
  return { child, ended };
}

test('SIGTERM before the config', async () => {
  const { child, ended } = await start('close');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('ficus up has exited', async () => {
  const { child, ended } = await start('stay');
  child.disconnect();
  expect(await ended).toEqual([3, null]);
});
