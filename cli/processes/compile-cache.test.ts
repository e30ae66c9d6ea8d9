import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cacheDirectory } from './compile-cache.ts';

const uid = process.getuid?.() ?? 0;
let temporary: string;
let directory: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'ficus-cache-'));
  directory = join(temporary, `ficus-compile-cache-${uid}`);
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

it('is a directory that only its user can enter, whatever the umask', () => {
  const before = process.umask(0);
  try {
    expect(cacheDirectory(temporary, uid)).toBe(directory);
  } finally {
    process.umask(before);
  }
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(cacheDirectory(temporary, uid)).toBe(directory);
});

it('is not used when others can enter it', () => {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  expect(cacheDirectory(temporary, uid)).toBeUndefined();
});

it('is not used when another user made it', () => {
  mkdirSync(join(temporary, `ficus-compile-cache-${uid + 1}`), { mode: 0o700 });
  expect(cacheDirectory(temporary, uid + 1)).toBeUndefined();
});

it('is not used when it is a link, or no directory can be made', () => {
  mkdirSync(join(temporary, 'elsewhere'), { mode: 0o700 });
  symlinkSync(join(temporary, 'elsewhere'), directory);
  expect(cacheDirectory(temporary, uid)).toBeUndefined();
  expect(cacheDirectory(join(temporary, 'nowhere'), uid)).toBeUndefined();
});
