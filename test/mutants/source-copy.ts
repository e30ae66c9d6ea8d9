/**
 * A copy of the repository in which a mutant is planted: the working tree is never touched. Installed packages are linked;
 * links between workspaces are made again, or a test of the copy would run the code of the original.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ROOT } from '../parts/named-files.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { applyMutant, type Mutant } from './mutant.ts';

/** Not sources: installed, built, or left by a run. */
const LEFT_OUT = new Set(['node_modules', '.git', '.ficus', 'dist', 'coverage']);
/** What tools write into a folder of packages; a copy gets its own. */
const OF_TOOLS = /^\.(vite|vitest)/;

export class SourceCopy {
  readonly root: string;

  /** Use `make` to create one. */
  constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<SourceCopy> {
    const copy = new SourceCopy(await makeTestDirectory('mutants'));
    try {
      await cp(ROOT, copy.root, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
      for (const folder of ['.', 'cli']) await linkPackages(folder, copy.root);
      return copy;
    } catch (error) {
      await copy.remove();
      throw error;
    }
  }

  /** Runs the work with the mutant in place, and takes it out again. */
  async with<T>(mutant: Mutant, work: () => Promise<T>): Promise<T> {
    const path = join(this.root, mutant.file);
    const source = readFileSync(path, 'utf8');
    await writeFile(path, applyMutant(mutant, source));
    try {
      return await work();
    } finally {
      await writeFile(path, source);
    }
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function linkPackages(folder: string, root: string): Promise<void> {
  const from = join(ROOT, folder, 'node_modules');
  const to = join(root, folder, 'node_modules');
  await mkdir(to);
  for (const name of await readdir(from)) {
    if (OF_TOOLS.test(name)) continue;
    if (!name.startsWith('@')) await symlink(join(from, name), join(to, name));
    else await linkScope(join(from, name), join(to, name));
  }
}

async function linkScope(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from)) {
    const path = join(from, name);
    // A workspace is linked relatively: the same link leads into the copy.
    const target = lstatSync(path).isSymbolicLink() ? await readlink(path) : path;
    await symlink(target, join(to, name));
  }
}
