/**
 * The sample's ficus.yaml with its references filled in, as a separate file beside the sample's state: `npx ficus`
 * works with it from any other terminal, without an environment.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FicusError } from '@ficus/core';

const REFERENCE = /\$\{([A-Z_]+)\}/g;

const TEMPLATE = join(import.meta.dirname, '..', 'ficus.yaml');

/** Returns the file's path. @throws when the template needs a value that is not given */
export async function writeConfig(
  directory: string,
  values: Readonly<Record<string, string>>,
): Promise<string> {
  const template = await readFile(TEMPLATE, 'utf8');
  const text = template.replace(REFERENCE, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`sample/ficus.yaml asks for ${name}, which is not given`);
    return value;
  });
  const file = join(directory, 'ficus.yaml');
  // Half of one, as a full disk leaves it, would count as a user's own at the next start.
  const draft = `${file}.${randomUUID()}`;
  try {
    // It holds the passwords of the databases.
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return file;
}

/**
 * A ficus.yaml that opens with other words than the sample's is a user's own, and is not overwritten.
 * @throws FicusError FICUS_PATH_UNUSABLE
 */
export async function requireOwnConfig(directory: string): Promise<void> {
  const file = join(directory, 'ficus.yaml');
  const found = await readFile(file, 'utf8').catch(({ code }: NodeJS.ErrnoException) =>
    code === 'ENOENT' ? undefined : '',
  );
  const [opening = ''] = (await readFile(TEMPLATE, 'utf8')).split('\n');
  if (found !== undefined && !found.startsWith(opening))
    throw new FicusError('FICUS_PATH_UNUSABLE', `${file} exists already, and is not the sample’s.`);
}
