/**
 * Runs spin (http://spinroot.com) on test/model/cutover.pml: generates the verifier for one set of bounds, compiles it,
 * searches every state, and reads what it prints.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installDebianParts } from '../parts/debian-part.ts';
import type { Defines } from './configurations.ts';
import { readModel } from './model-text.ts';
import { readVerdict, type Verdict } from './verdict.ts';

const run = promisify(execFile);
/** Memory for states, in MB: beyond it the search is not whole, and fails. */
const MOST_MEGABYTES = 8_000;
/** Longest sequence of steps; a longer one is an error, too. */
const DEEPEST = 20_000;
/** log2 of the slots of the hash table. */
const HASH_BITS = 24;

export interface Search {
  readonly defines: Defines;
  /** Looks for cycles, in place of states that break an invariant. */
  readonly forCycles?: boolean | undefined;
  readonly hashBits?: number | undefined;
  /** Few states: the compiler would take longer than the search. */
  readonly isSmall?: boolean | undefined;
}

/** @throws when there is no spin or no compiler, or the model does not compile */
export async function searchModel({
  defines,
  forCycles,
  isSmall,
  hashBits = HASH_BITS,
}: Search): Promise<Verdict> {
  await installSpin();
  const folder = await mkdtemp(join(tmpdir(), 'ficus-model-'));
  try {
    await writeFile(join(folder, 'cutover.pml'), readModel().text);
    await run('spin', [...defines.map((define) => `-D${define}`), '-a', 'cutover.pml'], { cwd: folder });
    const kind = forCycles ? ['-DNP'] : ['-DSAFETY'];
    const options = [
      '-w',
      isSmall ? '-O0' : '-O2',
      ...kind,
      '-DNOFAIR',
      '-DNOBOUNDCHECK',
      `-DMEMLIM=${MOST_MEGABYTES}`,
    ];
    await run('gcc', [...options, '-o', 'pan', 'pan.c'], { cwd: folder });
    const search = [...(forCycles ? ['-l'] : []), `-m${DEEPEST}`, `-w${hashBits}`];
    const { stdout } = await run('./pan', search, { cwd: folder, maxBuffer: 1 << 26 });
    return readVerdict(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let installed: Promise<void> | undefined;

/** Once for all searches of a process. */
function installSpin(): Promise<void> {
  installed ??= installDebianParts({ spin: 'spin', gcc: 'gcc' });
  return installed;
}
