import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unwritableFlagsFile } from './flags-file-error.ts';
import { setPercentInFile } from './set-percent-in-file.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'ficus-flags-')));
  file = join(directory, 'flags.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('flips one flag, keeps the others, and returns the previous percentage', async () => {
  const other = { name: 'other', enabled: true, strategies: [{ name: 'default' }], variants: [] };
  await writeFile(file, JSON.stringify({ version: 2, features: [other], segments: [{ id: 1 }] }));
  expect(await setPercentInFile(file, 'serve', 'orders', 25)).toBe(0);
  expect(await setPercentInFile(file, 'serve', 'orders', 50)).toBe(25);
  const document = JSON.parse(await readFile(file, 'utf8'));
  expect(document.segments).toEqual([{ id: 1 }]);
  expect(document.features).toHaveLength(2);
  expect(document.features[0]).toEqual(other);
  expect(document.features[1].strategies[0].parameters).toMatchObject({ rollout: '50', groupId: 'orders' });
  expect(await readdir(directory)).toEqual(['flags.json']);
});

test('flips that run at the same time are all kept', async () => {
  const slices = ['a', 'b', 'c'];
  await Promise.all(slices.map((slice, index) => setPercentInFile(file, 'serve', slice, index + 1)));
  const { features } = JSON.parse(await readFile(file, 'utf8'));
  expect(features.map(({ name }: { name: string }) => name).sort()).toEqual(
    slices.map((slice) => `${slice}.serve`),
  );
  expect(await readdir(directory)).toEqual(['flags.json']);
});

test('a pipe in its place is refused at once, and no lock stays', async () => {
  execFileSync('mkfifo', [file]);
  await expect(setPercentInFile(file, 'serve', 'orders', 0)).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_INVALID',
    message: expect.stringContaining('it is not a regular file'),
  });
  expect(await readdir(directory)).toEqual(['flags.json']);
});

test('what a killed flip has left is cleared, and a link in its place is not written through', async () => {
  const victim = join(directory, 'victim');
  await writeFile(victim, 'as it was');
  await symlink(victim, `${file}.lock.draft`);
  await setPercentInFile(file, 'serve', 'orders', 25);
  expect(await readFile(victim, 'utf8')).toBe('as it was');
  expect((await readdir(directory)).sort()).toEqual(['flags.json', 'victim']);
});

test('a missing file is created; one without flags is refused and stays unchanged', async () => {
  expect(await setPercentInFile(file, 'shadow', 'orders', 100)).toBe(0);
  await writeFile(file, '{ half');
  await expect(setPercentInFile(file, 'serve', 'orders', 5)).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_INVALID',
  });
  expect(await readFile(file, 'utf8')).toBe('{ half');
});

test.each([
  ['{ "features": [null, 5] }', 'features[0].name: must be a text'],
  ['{ "features": [{ "name": "other", "enabled": "yes" }] }', 'features[0].enabled: must be true or false'],
  ['{ "features": [{ "name": "a", "enabled": true, "dependencies": {} }] }', 'dependencies: must be a list'],
  [
    '{ "features": [{ "name": "a", "enabled": true, "dependencies": ["gate"] }] }',
    'features[0].dependencies[0].feature: must be a text',
  ],
  ['null', 'features: must be a list'],
  ['', 'not JSON'],
])('flags that the proxy refuses are not reported as flipped: %s', async (text, words) => {
  await writeFile(file, text);
  await expect(setPercentInFile(file, 'serve', 'orders', 5)).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_INVALID',
    message: expect.stringContaining(words),
  });
  expect(await readFile(file, 'utf8')).toBe(text);
});

test('a missing folder is reported, and so is a folder in place of the file', async () => {
  const nowhere = join(directory, 'nowhere', 'flags.json');
  await expect(setPercentInFile(nowhere, 'serve', 'orders', 5)).rejects.toMatchObject({
    code: 'FICUS_PATH_UNUSABLE',
    message: `The flags file ${nowhere} cannot be written: there is no such directory.`,
  });
  await expect(setPercentInFile(directory, 'serve', 'orders', 5)).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_INVALID',
    message: `The flags file ${directory} cannot be read: it is a directory.`,
  });
});

test.each([
  ['a file', true],
  ['nothing yet', false],
])('a link stays a link: its target is written (%s)', async (_, exists) => {
  await mkdir(join(directory, 'kept'));
  const target = join(directory, 'kept', 'real.json');
  if (exists) await writeFile(target, '{ "features": [] }');
  await symlink(join('kept', 'real.json'), file);
  await setPercentInFile(file, 'serve', 'orders', 5);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(JSON.parse(await readFile(target, 'utf8')).features).toHaveLength(1);
  expect(await readdir(join(directory, 'kept'))).toEqual(['real.json']);
});

test.runIf(process.platform !== 'win32').each([0o600, 0o664, 0o666])(
  'the mode of the file stays as it is: %o',
  async (mode) => {
    await writeFile(file, '{ "features": [] }');
    await chmod(file, mode);
    await setPercentInFile(file, 'serve', 'orders', 5);
    expect((await stat(file)).mode & 0o777).toBe(mode);
  },
);

test.runIf(process.getuid?.() === 0)('the file keeps its owner', async () => {
  await writeFile(file, '{ "features": [] }');
  await chown(file, 1234, 2345);
  await setPercentInFile(file, 'serve', 'orders', 5);
  expect(await stat(file)).toMatchObject({ uid: 1234, gid: 2345 });
});

test('a file that is mounted by itself: the message says what to mount', () => {
  const { message } = unwritableFlagsFile('/flags/flags.json', Object.assign(new Error(), { code: 'EBUSY' }));
  expect(message).toBe(
    'The flags file /flags/flags.json cannot be written: it is mounted as a single file, which cannot be replaced; mount its directory instead.',
  );
});
