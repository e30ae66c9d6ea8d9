/** What a killed writer has left goes at the next writing; what is being written stays. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOwnFile, replaceOwnFile } from './own-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-own-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function leave(name: string, minutes: number): Promise<string> {
  const at = new Date(Date.now() - minutes * 60_000);
  await writeFile(join(folder, name), 'half');
  await utimes(join(folder, name), at, at);
  return name;
}

test('a draft that is minutes old goes; fresh ones, those of other files and what only looks similar stay', async () => {
  await leave(`a.json.${randomUUID()}`, 2);
  const stay = [
    await leave(`a.json.${randomUUID()}`, 0),
    await leave(`b.json.${randomUUID()}`, 2),
    await leave('a.json.backup', 2),
  ];
  await replaceOwnFile(join(folder, 'a.json'), 'whole');
  expect(await readFile(join(folder, 'a.json'), 'utf8')).toBe('whole');
  expect((await readdir(folder)).sort()).toEqual(['a.json', ...stay].sort());
});

test('what it says is read up to a length', async () => {
  const file = join(folder, 'a.json');
  await replaceOwnFile(file, 'whole');
  expect(await readOwnFile(file, 5)).toBe('whole');
  await expect(readOwnFile(file, 4)).rejects.toThrow('longer than 4 bytes');
});
