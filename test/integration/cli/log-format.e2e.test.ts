/** The log of a command in the foreground: lines on a terminal, JSON elsewhere, or as asked; its workers write the same. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';

let folder: string;
let config: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-log-format-'));
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    'version: 1\nproxy: { listen: "127.0.0.1:0", workers: 1 }\nflags: { provider: file, file: flags.json }\nlegacy: { url: "http://127.0.0.1:9" }\n',
  );
  await writeFile(join(folder, 'flags.json'), '{"version":2,"features":[],"segments":[]}');
});
afterEach(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

const LISTENS = /INFO +proxy +.*listening .*address=(\S+)/;

test('as lines, also of a worker, and without colours where there is no terminal', async () => {
  const proxy = startCommand([FICUS, 'proxy', '--config', config, '--log-format', 'lines'], { NO_COLOR: '' });
  const address = LISTENS.exec(await proxy.until(LISTENS))?.[1];
  await fetch(`${address}/odd%1B%5B2J`);
  await proxy.until(
    /WARN +proxy +GET \/odd%1B%5B2J – \S+ ms legacy \(no-route\) request failed .*cause=refused/,
  );
  proxy.child.kill('SIGTERM');
  const { stdout, status } = await proxy.ended;
  expect(status).toBe(0);
  for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} [A-Z]/);
  expect(stdout).not.toContain('\u001b');
});

/** A terminal, as far as a process can ask the system; its own workers still see the pipe. */
const TERMINAL =
  "data:text/javascript,import tty from 'node:tty'; import { syncBuiltinESMExports } from 'node:module'; tty.isatty = () => true; syncBuiltinESMExports();";

test.each([
  [[], { NO_COLOR: '', TERM: 'xterm' }, /\[32mINFO .*listening/],
  [[], { NO_COLOR: '1' }, /^\S+ INFO +proxy +listening address=/],
  [['--log-format', 'json'], {}, /^\{"level":30,.*"msg":"listening"\}/],
  [[], { FICUS_LOG_FORMAT: 'json' }, /^\{"level":30,.*"msg":"listening"\}/],
] as const)('on a terminal, with %o and %o', async (options, environment, first) => {
  const args = ['--import', TERMINAL, FICUS, 'proxy', '--config', config, ...options];
  const proxy = startCommand(args, environment);
  expect((await proxy.until('\n')).split('\n')[0]).toMatch(first);
});

test('another format is used wrongly, by option and by variable', async () => {
  const args = [FICUS, 'proxy', '--config', config];
  expect(await runCommand([...args, '--log-format', 'pretty'])).toMatchObject({ status: 2, stdout: '' });
  const { status, stderr } = await runCommand(args, { FICUS_LOG_FORMAT: 'pretty' });
  expect(status).toBe(2);
  expect(stderr).toContain('FICUS_LOG_FORMAT is one of json, lines');
});
