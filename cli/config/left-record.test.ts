/** Which record `ficus uninstall` takes away: that of a proxy that was killed, never one that may be of a living one. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findLeftRecord } from './left-record.ts';
import { recordRunning } from './running-record.ts';

let folder: string;
let config: string;
let record: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-left-'));
  config = join(folder, 'ficus.yaml');
  record = join(folder, '.ficus', 'running-ficus.yaml.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const flags = { provider: 'file', file: '/srv/flags.json', environment: 'default' } as const;

async function leave(change: object): Promise<void> {
  await recordRunning(config, { flags, control: undefined }, {});
  await writeFile(record, JSON.stringify({ ...JSON.parse(await readFile(record, 'utf8')), ...change }));
}

test('without a record there is nothing to say', async () => {
  expect(await findLeftRecord(config)).toEqual({ files: [], remnants: [] });
});

test('that of a proxy that was killed is taken away, with a directory that is empty then', async () => {
  await leave({ pid: 2 ** 30 });
  const { files, remnants } = await findLeftRecord(config);
  expect([files.map(({ path }) => path), remnants]).toEqual([[record], []]);
  await files[0]!.remove();
  expect(existsSync(join(folder, '.ficus'))).toBe(false);
});

test('a draft of a proxy that was killed while it wrote is taken away; one that is being written stays', async () => {
  await leave({ pid: 2 ** 30 });
  const [left, fresh] = [randomUUID(), randomUUID()].map((id) => `${record}.${id}`) as [string, string];
  for (const draft of [left, fresh]) await writeFile(draft, '{"pid"');
  await utimes(left, 0, 0);
  const { files } = await findLeftRecord(config);
  expect(files.map(({ path }) => path)).toEqual([left, record]);
  for (const file of files) await file.remove();
  expect(await readdir(join(folder, '.ficus'))).toEqual([basename(fresh)]);
});

test('a proxy that is started meanwhile keeps its own', async () => {
  await leave({ pid: 2 ** 30 });
  const { files } = await findLeftRecord(config);
  await leave({});
  await expect(files[0]!.remove()).rejects.toThrow('a proxy was started with it');
  expect(existsSync(record)).toBe(true);
});

test.each([
  ['that runs', {}, 'until it stops'],
  ['on another machine', { host: 'elsewhere.example' }, 'when that proxy has stopped'],
  ['that cannot be read', { pid: 'none' }, 'when that proxy has stopped'],
])('that of a proxy %s stays, and is named', async (_, change, says) => {
  await leave(change);
  expect(await findLeftRecord(config)).toEqual({
    files: [],
    remnants: [{ what: expect.stringMatching(new RegExp(`${record}.*${says}`)) }],
  });
});
