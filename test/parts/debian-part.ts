/** Programs that are Debian packages: installed by apt-get when this is root, and reported with the command otherwise. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * @param programs program → the package that has it
 * @throws when one is missing and cannot be installed; the message says how
 */
export async function installDebianParts(programs: Readonly<Record<string, string>>): Promise<void> {
  const missing = await missingOf(programs);
  if (missing.length === 0) return;
  const packages = missing.map((program) => programs[program]!);
  const how = `on Debian: apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() === 0) await install(packages, how);
  const still = await missingOf(programs);
  if (still.length > 0)
    throw new Error(`No ${still.join(', no ')} found. Install it (${how}), then run again.`);
}

async function install(packages: readonly string[], how: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', ...packages], { env, maxBuffer: 1 << 26 });
  } catch (cause) {
    throw new Error(`Cannot install ${packages.join(', ')} (${how}).`, { cause });
  }
}

async function missingOf(programs: Readonly<Record<string, string>>): Promise<string[]> {
  const present = await Promise.all(Object.keys(programs).map(isOnPath));
  return Object.keys(programs).filter((_, at) => !present[at]);
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
