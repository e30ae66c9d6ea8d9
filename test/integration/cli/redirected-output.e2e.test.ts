/** Standard output that is not a terminal: a file, a pipe, a pipe whose reader has exited. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, ROOT, runCommand, stopAll } from '../../e2e/run-command.ts';

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-redirected-'));
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    `version: 1
flags: { provider: file, file: flags.json }
proxy: { identify: { user: { cookie: sid } } }
legacy: { url: http://127.0.0.1:9 }
slices:
  inbox: { candidate: { url: http://127.0.0.1:9, credentials: [] }, routes: [{ id: list, path: /inbox }] }
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

/** A shell's command line, with this Node and this `ficus`. */
async function shell(line: string): Promise<{ status: number | null; stderr: string }> {
  const node = `"${process.execPath}"`;
  const child = spawn(
    'bash',
    ['-o', 'pipefail', '-c', line.replace(/^ficus/, `${node} ${FICUS}`).replace(' node ', ` ${node} `)],
    {
      cwd: ROOT,
      env: { ...process.env, CONFIG: config, NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [status] = await once(child, 'close');
  return { status, stderr };
}

// `true` reads nothing at all: it has exited before the command writes.
test.each([
  ['ficus --help | true', 0],
  ['ficus check --config "$CONFIG" | true', 0],
  ['ficus check --config "$CONFIG" --explain /inbox | true', 0],
  ['ficus check --config nowhere.yaml --json | true', 3],
  ['ficus serve inbox 101 --config "$CONFIG" 2>&1 | true', 2],
])('a reader that has exited: %s', async (line, exit) => {
  expect(await shell(line)).toEqual({ status: exit, stderr: '' });
});

// Only Linux has a device that is always full.
test.each(process.platform === 'linux' ? ['/dev/full'] : [])('standard output on %s', async (full) => {
  const { status, stderr } = await shell(`ficus check --config "$CONFIG" > ${full}`);
  expect(status).toBe(3);
  expect(stderr).toContain('no space left');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('npm run demo ends in order when its reader exits', async () => {
  const { status, stderr } = await shell(`FICUS_POSTGRES_BINARIES=nowhere node sample/demo.ts | true`);
  expect(status).toBe(3);
  expect(stderr.trim().split('\n').at(-1)).toBe('stopped');
  expect(stderr).not.toMatch(/^\s+at /m);
});
