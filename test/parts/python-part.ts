/**
 * Heavier real parts from PyPI, fetched by the suites that need them: a virtual environment in a separate folder under
 * .ficus/parts, kept for the next run.
 */
import { execFile } from 'node:child_process';
import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PARTS } from './npm-part.ts';

const run = promisify(execFile);

/**
 * Installs the requirements (`name==version`) unless they are present; returns the environment's interpreter.
 * @param name of the folder
 * @throws when there is no Python, or pip cannot install them; the message says how
 */
export async function installPythonPart(name: string, requirements: readonly string[]): Promise<string> {
  const folder = join(PARTS, name);
  const complete = join(folder, 'complete');
  const python = join(folder, 'bin', 'python');
  if (
    await access(complete).then(
      () => true,
      () => false,
    )
  )
    return python;
  // An interrupted install is repeated from the start.
  await rm(folder, { recursive: true, force: true });
  await makeEnvironment(folder);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements]);
  await writeFile(complete, '');
  return python;
}

async function makeEnvironment(folder: string): Promise<void> {
  try {
    await run('python3', ['-m', 'venv', folder]);
  } catch (cause) {
    throw new Error(
      'No Python with venv found. Install it (on Debian: apt-get install python3-venv), then run again.',
      { cause },
    );
  }
}
