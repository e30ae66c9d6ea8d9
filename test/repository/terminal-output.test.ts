/** Texts of strangers reach a terminal through one file, which cleans them. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../parts/named-files.ts';

const MAY_WRITE = ['cli/output/terminal.ts'];

test('commands write to the terminal only through cli/output/terminal.ts', () => {
  const files = globSync('cli/**/*.ts', {
    cwd: ROOT,
    exclude: (path) => /node_modules|\/dist(\/|$)|\.test\.ts$/.test(path),
  });
  const writing = files.filter((file) =>
    /\bstd(?:out|err)\.write\(|\bconsole\.|\bstream\.write\(/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(writing).toEqual(MAY_WRITE);
});
