/** `npm start` and `npm run demo` where they cannot work: reported at once, before any part is started. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startProcess } from '../../../sample/processes/managed-process.ts';
import { requireOwnConfig } from '../../../sample/whole/write-config.ts';
import { runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';

const ANY_PORT = { FICUS_PROXY_PORT: '0', FICUS_CONTROL_PORT: '0' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-refusals-'));
  await writeFile(join(folder, 'file'), 'somebody’s');
});
afterEach(stopAll);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('npm start with a directory that cannot be created', () => {
  test.each([
    // Node's recursive mkdir never returns for these.
    ...(process.platform === 'linux' ? ['/proc/x', '/proc/x/y'] : []).map((path) => [
      path,
      'nothing can be created in /proc',
    ]),
    ['file', 'file is not a directory'],
    ['file/below', 'file is not a directory'],
    ['a'.repeat(300), 'its name is too long'],
  ])('%s', async (name = '', why = '') => {
    const directory = name.startsWith('/') ? name : join(folder, name);
    for (const more of [[], ['--fresh']]) {
      const args = ['sample/start.ts', '--directory', directory, ...more];
      const { status, stdout, stderr } = await runCommand(args, ANY_PORT);
      expect([status, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(/^error: [^\n]+\n$/);
      expect(stderr).toContain(directory);
      expect(stderr).toContain(why);
    }
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('npm run demo -- --json', () => {
  const demo = (args: readonly string[], environment = {}) =>
    startCommand(['sample/demo.ts', '--json', ...args], environment);

  test.each([
    [['--seconds', 'many'], 2, 'FICUS_USAGE', '--seconds takes a number'],
    [['--nonsense'], 2, 'FICUS_USAGE', '--nonsense'],
    [[], 3, 'SAMPLE_PART_FAILED', 'FICUS_POSTGRES_BINARIES'],
  ])('that cannot start, with %j: one document says why', async (args, exit, code, words) => {
    const { status, stdout, stderr } = await demo(args, { FICUS_POSTGRES_BINARIES: folder }).ended;
    expect(status).toBe(exit);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      checks: [],
      figures: {},
      problem: { code, message: expect.stringContaining(words), remedy: expect.stringMatching(/\w\.$/) },
    });
    expect(stderr).toMatch(/^error: [^\n]+\n$/m);
  });

  test('that is stopped by Ctrl-C', async () => {
    const running = demo([]);
    await running.untilError('starting the shop');
    running.child.kill('SIGINT');
    const { status, stdout } = await running.ended;
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problem: { code: 'SAMPLE_INTERRUPTED' } });
  });
});

describe('npm start in a directory with a user’s folder of the same name', () => {
  const start = (directory: string, ...more: string[]) =>
    runCommand(['sample/start.ts', '--directory', directory, ...more], ANY_PORT);

  test.each([[[]], [['--fresh']]])('called postgres: it stays as it is, with %j too', async (more) => {
    const directory = await mkdtemp(join(folder, 'project-'));
    await mkdir(join(directory, 'postgres'));
    await writeFile(join(directory, 'postgres', 'init.sql'), 'somebody’s');
    const { status, stderr } = await start(directory, ...more);
    expect(await readFile(join(directory, 'postgres', 'init.sql'), 'utf8')).toBe('somebody’s');
    expect(status).toBe(3);
    expect(stderr).toMatch(/^error: [^\n]+postgres[^\n]+\n$/);
  });

  test('a user’s ficus.yaml and logs stay as they are', async () => {
    const directory = await mkdtemp(join(folder, 'project-'));
    await mkdir(join(directory, 'logs'));
    await writeFile(join(directory, 'logs', 'own.log'), 'somebody’s');
    await writeFile(join(directory, 'ficus.yaml'), 'version: 1\n');
    for (const more of [[], ['--fresh']]) {
      const { status, stderr } = await start(directory, ...more);
      expect([status, stderr]).toEqual([3, expect.stringContaining('ficus.yaml')]);
    }
    expect(await readFile(join(directory, 'ficus.yaml'), 'utf8')).toBe('version: 1\n');
    expect(await readFile(join(directory, 'logs', 'own.log'), 'utf8')).toBe('somebody’s');
    expect((await readdir(directory)).sort()).toEqual(['ficus.yaml', 'logs']);
  });

  test('an empty directory name is not the current directory', async () => {
    const { status, stdout, stderr } = await start('');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: --directory [^\n]+\n$/);
  });
});

test('a start that is killed while creating the cluster leaves nothing that looks like one', async () => {
  const directory = await mkdtemp(join(folder, 'killed-'));
  const binaries = await mkdtemp(join(folder, 'binaries-'));
  // Begins as initdb does, and then stops; it exits when its parent is gone.
  const script = `#!/bin/sh
for argument; do case $argument in --pgdata=*) folder=\${argument#--pgdata=};; esac; done
echo 18 > "$folder/PG_VERSION"
while [ "$(ps -o ppid= -p $$)" -eq $PPID ]; do sleep 0.1; done
`;
  for (const name of ['initdb', 'postgres']) await writeFile(join(binaries, name), script, { mode: 0o755 });
  const running = startCommand(['sample/start.ts', '--directory', directory], {
    ...ANY_PORT,
    FICUS_POSTGRES_BINARIES: binaries,
  });
  const begun = () => readdir(directory, { recursive: true });
  await expect.poll(begun).toContainEqual(expect.stringContaining('PG_VERSION'));
  running.child.kill('SIGKILL');
  await running.ended;
  expect(await begun()).not.toContain(join('postgres', 'PG_VERSION'));
});

test.each(['logs/monolith.log', 'postgres.log', 'ficus.yaml'])('a folder in place of %s', async (name) => {
  const directory = await mkdtemp(join(folder, 'in-the-way-'));
  await mkdir(join(directory, name), { recursive: true });
  const file = join(directory, name);
  const said = name.startsWith('logs')
    ? startProcess({ name: 'monolith', args: ['-e', ''], environment: {}, logFile: file })
    : name === 'postgres.log'
      ? startCluster({ dataDir: join(directory, 'postgres') })
      : requireOwnConfig(directory);
  await expect(said).rejects.toMatchObject({
    code: 'FICUS_PATH_UNUSABLE',
    message: expect.stringContaining(file),
  });
});

test('the shell’s variables for other databases and hosts do not reach the parts', async () => {
  const binaries = await mkdtemp(join(folder, 'binaries-'));
  for (const name of ['initdb', 'postgres'])
    await writeFile(join(binaries, name), '#!/bin/sh\nenv >&2\nexit 1\n', { mode: 0o755 });
  const foreign = { HOST: 'conda', PGSSLMODE: 'require', PGHOST: 'elsewhere', PGOPTIONS: '-c role=other' };
  const { status, stderr } = await runCommand(
    ['sample/start.ts', '--directory', await mkdtemp(join(folder, 'shell-'))],
    { ...ANY_PORT, ...foreign, FICUS_POSTGRES_BINARIES: binaries },
  );
  expect(status).toBe(3);
  expect(stderr).toMatch(/^FICUS_PROXY_PORT=0$/m);
  expect(stderr).not.toMatch(/^(HOST|PG[A-Z]+)=/m);
});
