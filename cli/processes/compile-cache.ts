/**
 * Node's compile cache, which saves half of a command's start. Cached code is executed without a look at the source, and
 * the temporary folder belongs to all users of the machine: the cache is used only in a directory that this user owns
 * and no other can enter. Called before anything else is loaded.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Off where no such directory can be had. NODE_COMPILE_CACHE, the user's own choice, is left to Node. */
export function useCompileCache(): void {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return;
  const directory = cacheDirectory(tmpdir(), process.getuid?.());
  if (directory !== undefined) module.enableCompileCache?.(directory);
}

/**
 * @param uid undefined where users have no numbers: there, the temporary folder is the user's own
 * @returns undefined when the directory is not safe
 */
export function cacheDirectory(temporary: string, uid: number | undefined): string | undefined {
  const directory = join(temporary, `ficus-compile-cache-${uid ?? 'user'}`);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return undefined;
  }
  try {
    // Not stat: a link would lead into somebody else's directory.
    const found = lstatSync(directory);
    const isOwn = uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0);
    return found.isDirectory() && isOwn ? directory : undefined;
  } catch {
    return undefined;
  }
}
