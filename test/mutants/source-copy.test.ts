import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ROOT } from '../parts/named-files.ts';
import { MUTANTS } from './mutants.ts';
import { SourceCopy } from './source-copy.ts';

let copy: SourceCopy | undefined;
afterEach(() => copy?.remove());

test('a mutant is planted in the copy alone, whose workspaces import one another, and is taken out again', async () => {
  copy = await SourceCopy.make();
  const { root } = copy;
  const mutant = MUTANTS[0]!;
  const read = (at: string) => readFileSync(join(at, mutant.file), 'utf8');
  const source = read(ROOT);
  const failing = copy.with(mutant, async () => {
    expect(read(root)).not.toBe(source);
    expect(read(ROOT)).toBe(source);
    throw new Error('the run failed');
  });
  await expect(failing).rejects.toThrow('the run failed');
  expect(read(root)).toBe(source);
  expect(realpathSync(join(root, 'node_modules', '@ficus', 'core'))).toBe(join(realpathSync(root), 'core'));
  expect(realpathSync(join(root, 'node_modules', 'vitest'))).toBe(
    realpathSync(join(ROOT, 'node_modules', 'vitest')),
  );
  await copy.remove();
  expect(existsSync(root)).toBe(false);
  expect(existsSync(join(ROOT, 'node_modules', 'vitest'))).toBe(true);
});
