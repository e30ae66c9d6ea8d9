/** A flags file that is no file is refused at once: reading a pipe would last until somebody writes, past any stop. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readFlagsFile } from './flags-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-flags-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a pipe, a device, a directory, and what is not there', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(readFlagsFile(pipe)).rejects.toThrow('it is not a regular file');
  await expect(readFlagsFile('/dev/zero')).rejects.toThrow('it is not a regular file');
  await expect(readFlagsFile(folder)).rejects.toThrow('it is a directory');
  await expect(readFlagsFile(join(folder, 'none'))).rejects.toThrow('there is no such file');
});
