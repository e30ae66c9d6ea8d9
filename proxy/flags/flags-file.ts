/**
 * Flags from a file in Unleash's client-features format, watched. A half-written or invalid file is refused and logged,
 * and the last flags stay in place; the next change is read again.
 */
import { type ClientFeatures, describeFileError, NewestWins } from '@ficus/core';
import { watchPath } from '../config-file/watch-path.ts';
import { readRegularFile } from '../files/read-small-file.ts';
import { checkFeatureSet } from './feature-set.ts';
import type { FlagsSource, FlagsSourceHooks } from './flags-source.ts';

const MISSING = 'there is no such file';
const KEPT = { none: 'all flags are off', last: 'the last flags stay in place' } as const;

/** A set of flags has a few hundred bytes for each. */
const LONGEST_MIB = 64;

/** @throws Error of node:fs, or one whose message says why this file is not read */
export const readFlagsText = (path: string): Promise<string> => readRegularFile(path, LONGEST_MIB);

/** @throws Error with one sentence per problem */
export async function readFlagsFile(path: string): Promise<ClientFeatures> {
  let text: string;
  try {
    text = await readFlagsText(path);
  } catch (error) {
    throw new Error(isMissing(error) ? MISSING : describeFileError(error));
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Error(`not JSON: ${(error as Error).message}`);
  }
  const problems = checkFeatureSet(document);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const { features, segments, version = 2 } = document as ClientFeatures;
  return { version, features, segments: segments ?? [] };
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

export function openFlagsFile(path: string, hooks: FlagsSourceHooks, read = readFlagsFile): FlagsSource {
  let last = '';
  let problem: string | undefined;
  const readings = new NewestWins();
  const load = async (): Promise<void> => {
    const reading = readings.begin();
    try {
      const set = await read(path);
      if (reading.stale) return;
      reading.take();
      problem = undefined;
      hooks.onRefused?.(undefined);
      const text = JSON.stringify(set);
      if (text === last) return;
      last = text;
      hooks.onFlags(set);
    } catch (error) {
      if (reading.stale) return;
      const why = (error as Error).message;
      problem = `flags file ${path} refused: ${why}`;
      // A file that was never there is made at the first flip.
      if (last !== '' || why !== MISSING)
        hooks.onRefused?.(`${path}: ${why}; ${KEPT[last === '' ? 'none' : 'last']}`);
      hooks.onProblem(`${problem}; ${KEPT[last === '' ? 'none' : 'last']}`);
    }
  };
  const watcher = watchPath(path, () => void load());
  const first = load();
  return {
    first,
    get problem() {
      return problem;
    },
    reload: load,
    stop: () => watcher.stop(),
  };
}
