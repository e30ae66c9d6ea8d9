/** Which records count: those of a proxy that runs, on this machine, of an account that may change the config. */
import { existsSync } from 'node:fs';
import { chown, lchown, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownHost, startOfProcess } from './process-start.ts';
import { findRecord, recordRunning } from './running-record.ts';

let folder: string;
let config: string;
let record: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-record-'));
  config = join(folder, 'ficus.yaml');
  record = join(folder, '.ficus', 'running-ficus.yaml.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const flags = { provider: 'file', file: '/srv/flags.json', environment: 'default' } as const;
const running = { flags, control: undefined };

test('a record is found while its process runs, and taken away with its directory', async () => {
  expect(await findRecord(config)).toBeUndefined();
  const forget = await recordRunning(config, running, { admin: '127.0.0.1:8082' });
  expect(await findRecord(config)).toEqual({
    ...{ pid: process.pid, start: await startOfProcess(process.pid) },
    ...{ host: await ownHost(), admin: '127.0.0.1:8082' },
    ...{ hasDatabase: false, provider: 'file', flagsFile: '/srv/flags.json' },
  });
  await forget();
  expect(existsSync(join(folder, '.ficus'))).toBe(false);
});

async function change(what: object): Promise<void> {
  await writeFile(record, JSON.stringify({ ...JSON.parse(await readFile(record, 'utf8')), ...what }));
}

test.each([
  ['of a process that has ended', { pid: 2 ** 30 }],
  ['of another machine', { host: 'elsewhere.example' }],
  ['without a number of a process', { pid: -1 }],
  ['with something else for a file', { flagsFile: 3 }],
  ['of an earlier version', { hasDatabase: undefined }],
])('a record %s does not count', async (_, what) => {
  await recordRunning(config, running, {});
  await change(what);
  expect(await findRecord(config)).toBeUndefined();
});

test.each([
  ['a newer proxy', { pid: 2 ** 30 }],
  ['a proxy with this number in another container', { host: 'elsewhere.example' }],
  ['a later proxy with this number', { start: 'another boot 1' }],
])('the record of %s is not taken away', async (_, what) => {
  const forget = await recordRunning(config, running, {});
  await change(what);
  await forget();
  expect(existsSync(record)).toBe(true);
});

test.runIf(process.platform === 'linux')(
  'after a proxy was killed, a later process with its number is not taken for it',
  async () => {
    await recordRunning(config, running, {});
    await change({ start: 'an earlier boot 1' });
    expect(await findRecord(config)).toBeUndefined();
  },
);

test('a link in place of the record does not count; one in place of its directory is as good as its owner', async () => {
  await recordRunning(config, running, {});
  const directory = join(folder, '.ficus');
  await rename(record, join(folder, 'real.json'));
  await symlink(join(folder, 'real.json'), record);
  expect(await findRecord(config)).toBeUndefined();
  await rename(join(folder, 'real.json'), record);
  expect(await findRecord(config)).toBeDefined();
  await rename(directory, join(folder, 'real'));
  await symlink(join(folder, 'real'), directory);
  expect(await findRecord(config)).toBeDefined();
  // Only root can make links of others.
  if (process.getuid?.() !== 0) return;
  await lchown(directory, 4711, 4711);
  expect(await findRecord(config)).toBeUndefined();
});

test('what is no file, or too long, is not read', async () => {
  await mkdir(record, { recursive: true });
  expect(await findRecord(config)).toBeUndefined();
  await rm(record, { recursive: true });
  await recordRunning(config, running, {});
  await change({ admin: 'a'.repeat(70_000) });
  expect(await findRecord(config)).toBeUndefined();
});

/** Only root can make files of others. */
test.runIf(process.getuid?.() === 0).each(['record', 'directory'])(
  'a %s of another user does not count, unless the directory of the config is theirs',
  async (what) => {
    await recordRunning(config, running, {});
    await chown(what === 'record' ? record : join(folder, '.ficus'), 4711, 4711);
    expect(await findRecord(config)).toBeUndefined();
    await chown(folder, 4711, 4711);
    expect(await findRecord(config)).toBeDefined();
  },
);

test('where the directory cannot be written to, nothing is recorded, and nothing fails', async () => {
  await writeFile(join(folder, '.ficus'), '');
  const forget = await recordRunning(config, running, {});
  expect(await findRecord(config)).toBeUndefined();
  await forget();
});
