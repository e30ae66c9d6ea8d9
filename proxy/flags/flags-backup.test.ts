import { mkdtempSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentFlag } from '@ficus/core';
import { afterAll, expect, test } from 'vitest';
import { FlagsBackup } from './flags-backup.ts';

const folder = mkdtempSync(join(tmpdir(), 'ficus-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const flags = (percent: number) => ({ version: 2, features: [percentFlag('notes.serve', 'notes', percent)] });

test('what cannot be kept is kept as soon as it can be, without another change', async () => {
  const place = join(folder, 'place');
  const problems: string[] = [];
  const backup = new FlagsBackup(join(place, 'flags.json'), (message) => void problems.push(message), 5);
  // A file in the place of the directory refuses every write, as a full disk does.
  await writeFile(place, '');
  backup.keep(flags(100), new Date(1));
  await expect.poll(() => problems).toEqual([expect.stringContaining('flags cannot be kept')]);
  backup.keep(flags(0), new Date(2));
  await rm(place);
  await expect.poll(() => problems.at(-1)).toContain('are kept in');
  expect(await backup.last()).toMatchObject({ receivedAt: new Date(2).toISOString() });
});

test('a last try is made at the end', async () => {
  const place = join(folder, 'late');
  const backup = new FlagsBackup(join(place, 'flags.json'), () => {}, 3_600_000);
  await writeFile(place, '');
  backup.keep(flags(100), new Date(1));
  await backup.settled();
  await rm(place);
  await backup.settled();
  expect(await backup.last()).toMatchObject({ receivedAt: new Date(1).toISOString() });
});
