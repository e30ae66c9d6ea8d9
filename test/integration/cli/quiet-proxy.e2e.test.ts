/**
 * A proxy with a quiet log level still reports its address: a script that started it on a free port has no other way to
 * learn it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { STOPPED_WHEN_LISTENING } from '../../parts/stopped-when-listening.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-quiet-'));
  const config =
    'version: 1\nproxy: { listen: "127.0.0.1:0" }\nflags: { provider: file, file: flags.json }\n';
  await writeFile(join(folder, 'ficus.yaml'), `${config}legacy: { url: http://127.0.0.1:9 }\n`);
  await writeFile(join(folder, 'flags.json'), '{"features":[]}');
});
afterEach(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

test.each(['warn', 'silent'])('FICUS_LOG_LEVEL=%s', async (level) => {
  const args = [FICUS, 'proxy', '--config', join(folder, 'ficus.yaml')];
  const proxy = startCommand(args, { FICUS_LOG_LEVEL: level });
  // A warning (of few file descriptors, say) may come in the same read.
  const [first] = (await proxy.until('\n')).split('\n');
  const line = JSON.parse(first!) as { msg: string; address: string };
  expect(line).toMatchObject({ level: 30, msg: 'listening' });
  expect((await fetch(`${line.address}/`)).status).toBe(502);
  proxy.child.kill('SIGTERM');
  const { status, stdout } = await proxy.ended;
  // Later errors are logged according to the level.
  expect([status, stdout.trim().split('\n').length === 1]).toEqual([0, level === 'silent']);
});

test('a proxy that is stopped just when it reports that it listens drains', async () => {
  const { status, stdout } = await runCommand([
    '--import',
    STOPPED_WHEN_LISTENING,
    FICUS,
    'proxy',
    '--config',
    join(folder, 'ficus.yaml'),
  ]);
  expect([status, JSON.parse(stdout.split('\n')[0]!).msg]).toEqual([0, 'listening']);
});
