/** The script of `ficus completion bash`, in a real bash: what a person gets for TAB. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildProgram } from '@ficus/cli';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FICUS, ROOT, runCommand } from '../../e2e/run-command.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-completion-'));
  const config = (...slices: string[]) =>
    `version: 1\nflags: { provider: file, file: f.json }\nlegacy: { url: "http://127.0.0.1:9" }\nslices:\n${slices.map((name, at) => `  ${name}: { candidate: { url: "http://127.0.0.1:9" }, routes: [{ id: r, path: /${at} }] }\n`).join('')}`;
  await writeFile(join(folder, 'ficus.yaml'), config('notes', 'parcels', 'payments'));
  await writeFile(join(folder, 'other.yaml'), config('letters'));
  const ficus = join(folder, 'ficus');
  await writeFile(ficus, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, FICUS)}' "$@"\n`);
  await chmod(ficus, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What bash offers for the last of these words, sorted. */
async function complete(...words: string[]): Promise<string[]> {
  const script = `source <(ficus completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ficus; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script, 'bash', 'ficus', ...words], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean).sort();
}

test('every command of the program, and nothing else', async () => {
  const commands = buildProgram().commands.map((command) => command.name());
  expect(await complete('')).toEqual([...commands, '--help', '--version'].sort());
  expect(await complete('se')).toEqual(['serve']);
});

test.each(buildProgram().commands.map((command) => command.name()))('every option of %s', async (name) => {
  const command = buildProgram().commands.find((one) => one.name() === name)!;
  const own = [command, ...command.commands].flatMap(({ options }) => options.map(({ long }) => long!));
  expect(await complete(name, '--')).toEqual([...new Set([...own, '--help'])].sort());
});

test.each([
  [
    ['serve', ''],
    ['notes', 'parcels', 'payments'],
  ],
  [
    ['serve', 'pa'],
    ['parcels', 'payments'],
  ],
  [['status', '--json', 'n'], ['notes']],
  [['serve', '--reason', 'notes', 'n'], ['notes']],
  [['serve', '-c', 'other.yaml', ''], ['letters']],
  [['serve', '--config', 'missing.yaml', ''], []],
  [['serve', 'notes', ''], []],
  [
    ['init', '--map', 'pa'],
    ['parcels', 'payments'],
  ],
  [['init', '-c', 'other.yaml', '--map', ''], ['letters']],
  [['init', '--legacy-db', ''], []],
  [
    ['up', '--log-format', ''],
    ['json', 'lines'],
  ],
  [['check', '--config', 'oth'], ['other.yaml']],
  [['completion', 'f'], ['fish']],
  [['nonsense', ''], []],
])('%j: %j', async (words, offered) => {
  expect(await complete(...words)).toEqual(offered);
});

test('zsh and fish get scripts of the same commands', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { stdout } = await runCommand([FICUS, 'completion', shell]);
    for (const command of buildProgram().commands) {
      expect(stdout).toContain(command.name());
      for (const { long } of command.options) expect(stdout).toContain(long!.slice(2));
    }
  }
  const script = async (shell: string) => (await runCommand([FICUS, 'completion', shell])).stdout;
  expect(await script('zsh')).toMatch(/--map\[[^\]]*\]:value:_ficus_slices/);
  expect(await script('fish')).toContain("-l map -x -a '(ficus completion slices 2>/dev/null)'");
  expect((await runCommand([FICUS, 'completion', 'tcsh'])).status).toBe(2);
});
