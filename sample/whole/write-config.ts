/**
 * The sample's ficus.yaml with its references filled in, as a file of its own beside the sample's state: `npx ficus`
 * works with it from any other terminal, without an environment.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const REFERENCE = /\$\{([A-Z_]+)\}/g;

/** Answers the file's path. @throws when the template asks for a value that is not given */
export async function writeConfig(
  directory: string,
  values: Readonly<Record<string, string>>,
): Promise<string> {
  const template = await readFile(join(import.meta.dirname, '..', 'ficus.yaml'), 'utf8');
  const text = template.replace(REFERENCE, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`sample/ficus.yaml asks for ${name}, which is not given`);
    return value;
  });
  const file = join(directory, 'ficus.yaml');
  await writeFile(file, text);
  return file;
}
