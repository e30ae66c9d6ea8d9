/** The README's ten lines and the commands below them, run as they stand there, on other ports. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Backend, startBackend } from '../integration/proxy/rig.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, ROOT, runCommand, startCommand, stopAll } from './run-command.ts';
import { fieldOf } from './up-rig.ts';

let directory: string;
let legacy: Backend;
let candidate: Backend;
beforeAll(async () => {
  directory = await makeTestDirectory('readme');
  [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
});
afterEach(stopAll);
afterAll(async () => {
  await Promise.all([legacy.close(), candidate.close()]);
  await rm(directory, { recursive: true, force: true });
});

/** Every address of the README's config, on this machine's free ports. */
const places = async (): Promise<[RegExp, string][]> => [
  [/\b0\.0\.0\.0:8080\b/, '127.0.0.1:0'],
  [/\b127\.0\.0\.1:8082\b/, `127.0.0.1:${await freePort()}`],
  [/http:\/\/127\.0\.0\.1:3000\b/, legacy.url],
  [/http:\/\/127\.0\.0\.1:3101\b/, candidate.url],
];

test('with its own config, the README’s commands do what it says', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, yaml = '', commands = ''] =
    /```yaml\n([\s\S]*?)```\n\n((?: {4}npx ficus .*\n)+)/.exec(readme) ?? [];
  let text = yaml;
  for (const [written, here] of await places()) text = text.replace(written, here);
  const file = join(directory, 'ficus.yaml');
  await writeFile(file, text);

  const lines = [...commands.matchAll(/npx ficus ([^#\n]+?) *(?:#|\n)/g)].map(([, line]) => line!.split(' '));
  expect(lines.map(([command]) => command)).toEqual(['check', 'proxy', 'shadow', 'serve', 'explain']);
  for (const [command, ...args] of lines) {
    if (command === 'proxy') {
      const proxy = startCommand([FICUS, 'proxy', '--config', file]);
      await fieldOf(proxy, 'listening', 'address');
      await proxy.until('admin listening');
    } else
      expect(await runCommand([FICUS, command!, ...args, '--config', file])).toMatchObject({ status: 0 });
  }
  const { status, stdout } = await runCommand([FICUS, 'status', '--config', file]);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/notifications +\S+ +5 %/)]);
});
