import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchPath } from './watch-path.ts';

test('a change is noticed beside a file that is written without a pause, say the log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ficus-watch-'));
  const [watched, log] = [join(folder, 'flags.json'), join(folder, 'access.log')];
  writeFileSync(watched, 'old');
  let lines = 0;
  let noticed = 0;
  const logging = setInterval(() => {
    lines += 1;
    writeFileSync(log, `${lines}\n`);
  }, 5);
  const watcher = watchPath(watched, () => {
    noticed += 1;
  });
  try {
    await expect.poll(() => lines).toBeGreaterThan(20);
    // Writes beside it do not count.
    expect(noticed).toBe(0);
    writeFileSync(watched, 'new');
    await expect.poll(() => noticed).toBe(1);
  } finally {
    clearInterval(logging);
    watcher.stop();
    rmSync(folder, { recursive: true });
  }
});

test('each swap of a config map is noticed: the file stays a link, and a link beside it changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ficus-watch-'));
  const watched = join(folder, 'flags.json');
  const swap = (version: string) => {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'flags.json'), version);
    symlinkSync(version, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  swap('..1');
  symlinkSync('..data/flags.json', watched);
  let read = '';
  const watcher = watchPath(watched, () => {
    read = readFileSync(watched, 'utf8');
  });
  try {
    for (const [version, before] of [
      ['..2', '..1'],
      ['..3', '..2'],
    ] as const) {
      swap(version);
      rmSync(join(folder, before), { recursive: true });
      await expect.poll(() => read).toBe(version);
    }
  } finally {
    watcher.stop();
    rmSync(folder, { recursive: true });
  }
});
