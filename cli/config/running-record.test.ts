/** Which records count: those of a proxy that runs, on this machine. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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

test('a record is found while its process runs, and taken away with its directory', async () => {
  expect(await findRecord(config)).toBeUndefined();
  const forget = await recordRunning(config, { flags, control: undefined }, { admin: '127.0.0.1:8082' });
  expect(await findRecord(config)).toEqual({
    ...{ pid: process.pid, host: hostname(), admin: '127.0.0.1:8082' },
    ...{ hasDatabase: false, provider: 'file', flagsFile: '/srv/flags.json' },
  });
  await forget();
  expect(existsSync(join(folder, '.ficus'))).toBe(false);
});

test.each([
  ['of a process that has ended', { pid: 2 ** 30 }],
  ['of another machine', { host: 'elsewhere.example' }],
  ['without a number of a process', { pid: -1 }],
  ['with something else for a file', { flagsFile: 3 }],
])('a record %s does not count, and another one\u2019s stays', async (_, change) => {
  const forget = await recordRunning(config, { flags, control: undefined }, {});
  const changed = { ...JSON.parse(await readFile(record, 'utf8')), ...change };
  await writeFile(record, JSON.stringify(changed));
  expect(await findRecord(config)).toBeUndefined();
  if (changed.pid === process.pid) return;
  await forget();
  expect(existsSync(record)).toBe(true);
});

test('where the directory cannot be written to, nothing is recorded, and nothing fails', async () => {
  await writeFile(join(folder, '.ficus'), '');
  const forget = await recordRunning(config, { flags, control: undefined }, {});
  expect(await findRecord(config)).toBeUndefined();
  await forget();
});
