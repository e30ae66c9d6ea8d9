/**
 * A command that stays in the foreground, while it still reads its config: an edit of the file is not missed, and a SIGHUP
 * does not end it. The file is a pipe, so that the reading takes until the test has written.
 */
import { execFileSync } from 'node:child_process';
import { access, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FICUS, type RunningCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { refusingPort } from '../../parts/refusing-port.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

let folder: string;
let file: string;
let port: number;
beforeEach(async () => {
  folder = await makeTestDirectory('edited-at-start');
  file = join(folder, 'ficus.yaml');
  port = await refusingPort();
  execFileSync('mkfifo', [file]);
});
afterEach(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

const configWith = (targetBytes: number): string => `version: 1
proxy: { listen: "127.0.0.1:0", workers: 1, limits: { targetBytes: ${targetBytes} } }
control: { listen: "127.0.0.1:0", database: "postgres://127.0.0.1:${port}/control" }
flags: { provider: file, file: flags.json }
legacy: { url: "http://127.0.0.1:9" }
`;

/** @param meanwhile done between the beginning of the reading and its end */
async function start(
  command: string,
  meanwhile: (running: RunningCommand) => unknown,
): Promise<RunningCommand> {
  const running = startCommand([FICUS, command, '--config', file]);
  // Opened as soon as the command opens it as well.
  const pipe = await open(file, 'w');
  await meanwhile(running);
  await pipe.writeFile(configWith(5_000));
  await pipe.close();
  return running;
}

async function edit(): Promise<void> {
  const edited = join(folder, 'edited.yaml');
  await writeFile(edited, configWith(50));
  await rename(edited, file);
}

const hangUp = ({ child }: RunningCommand): boolean => child.kill('SIGHUP');

test.each(['proxy', 'up'])('ficus %s applies an edit', async (command) => {
  const running = await start(command, edit);
  await running.until('"msg":"config applied"');
});

test.each(['proxy', 'up'])('ficus %s reads again after a SIGHUP', async (command) => {
  const running = await start(command, async (starting) => {
    hangUp(starting);
    await edit();
  });
  await running.until('"msg":"config applied"');
});

test('ficus control outlives a SIGHUP', async () => {
  const running = await start('control', hangUp);
  // Not by the signal: its database is away.
  expect(await running.ended).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('control.database'),
  });
});

/** For `node --import`: the program gets a SIGHUP when it begins to take its record away. */
const HUNG_UP_AT_THE_END = `data:text/javascript,${encodeURIComponent(`
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
const { rm } = promises;
promises.rm = (path, ...rest) => {
  if (/running-[^/]+json$/.test(path)) process.kill(process.pid, 'SIGHUP');
  return rm(path, ...rest);
};
syncBuiltinESMExports();`)}`;

test.each(['proxy', 'up'])('ficus %s outlives a SIGHUP until its record is gone', async (command) => {
  await rm(file);
  await writeFile(file, configWith(50));
  const running = startCommand(['--import', HUNG_UP_AT_THE_END, FICUS, command, '--config', file]);
  const record = join(folder, '.ficus', 'running-ficus.yaml.json');
  await vi.waitFor(() => access(record), 60_000);
  running.child.kill('SIGTERM');
  expect((await running.ended).status).toBe(0);
  await expect(access(record)).rejects.toThrow('ENOENT');
});
