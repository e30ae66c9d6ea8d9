/** `ficus check --explain`: the request is described by arguments, and all of its conditions can hold. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-explain-'));
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    `version: 1
flags: { provider: file, file: flags.json }
legacy: { url: http://127.0.0.1:9 }
slices:
  inbox:
    candidate: { url: http://127.0.0.1:9 }
    routes:
      - { id: any, path: /inbox }
      - id: beta
        path: /inbox
        headers: { x-beta: 'yes' }
        cookies: { stage: { present: true } }
        clientAddress: [10.0.0.0/8]
`,
  );
});
afterEach(stopAll);
afterAll(() => rm(folder, { recursive: true, force: true }));

const explain = (...args: string[]) =>
  runCommand([FICUS, 'check', '--config', config, '--explain', '/inbox', ...args]);

test('header, cookie and client’s address given as arguments meet a route’s conditions', async () => {
  const all = ['--header', 'X-Beta: yes', '--header', 'Cookie: a=1; stage=2', '--client', '10.1.2.3'];
  const { status, stdout } = await explain(...all);
  expect(status).toBe(0);
  expect(stdout).toContain('/inbox is taken by inbox / beta (/inbox), a read');
  expect(stdout).toContain('its condition holds: header x-beta is “yes”');
  expect(stdout).toContain('its condition holds: cookie stage is present');
});

test('without them the conditions that fail are named', async () => {
  const { stdout } = await explain('--header', 'X-Beta: yes');
  expect(stdout).toContain('/inbox is taken by inbox / any (/inbox), a read');
  expect(stdout).toContain('unless cookie stage is present and client address is in 10.0.0.0/8');
});

test('what is no header is refused', async () => {
  const { status, stderr } = await explain('--header', 'x-beta');
  expect(status).toBe(2);
  expect(stderr).toContain('NAME: VALUE');
});

test.each([
  ['--client', '10.1.2.3'],
  ['--header', 'X-Beta: yes'],
])('%s without --explain is refused', async (...option) => {
  const { status, stderr } = await runCommand([FICUS, 'check', '--config', config, ...option]);
  expect(status).toBe(2);
  expect(stderr).toContain('--explain');
});
