import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeFileError } from './describe-file-error.ts';

test.each([
  ['a code', Object.assign(new Error('EROFS: …'), { code: 'EROFS' }), 'its file system is read-only'],
  ['an unknown code', Object.assign(new Error('EXDEV: …'), { code: 'EXDEV' }), 'EXDEV'],
  [
    'a failed fetch',
    new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }),
    'ECONNREFUSED',
  ],
  ['no code', new Error('Not YAML'), 'Not YAML'],
])('%s', (_, error, says) => {
  expect(describeFileError(error)).toBe(says);
});

test('an error of node:fs, and what the caller knows better', async () => {
  const error = await readFile('nowhere/at/all').catch((cause: unknown) => cause);
  expect(describeFileError(error)).toBe('there is no such file or directory');
  expect(describeFileError(error, { ENOENT: 'there is no such directory' })).toBe(
    'there is no such directory',
  );
});
