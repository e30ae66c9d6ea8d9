/** Standard output that is no terminal: a file, a pipe, a pipe whose reader has gone. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../e2e/run-command.ts';

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-redirected-'));
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    `version: 1
flags: { provider: file, file: flags.json }
legacy: { url: http://127.0.0.1:9 }
slices:
  inbox: { candidate: { url: http://127.0.0.1:9 }, routes: [{ id: list, path: /inbox }] }
`,
  );
});
afterEach(stopAll);
afterAll(() => rm(folder, { recursive: true, force: true }));

const ERRORS_ON_A_TERMINAL = ['--import', 'data:text/javascript,process.stderr.isTTY = true'];

test.each([['check'], ['serve', 'inbox', '100'], ['init', 'http://127.0.0.1:9', '--force']])(
  'ficus %s writes no colour to a file, with a terminal for errors or without',
  async (...args) => {
    const { status, stdout } = await runCommand([
      ...ERRORS_ON_A_TERMINAL,
      FICUS,
      ...args,
      '--config',
      args[0] === 'init' ? join(folder, 'first.yaml') : config,
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^✓ /);
  },
);
