/** The way of one request that docs/architecture/request-path.md lists is a way in the code, and as short as promised. */
import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../parts/named-files.ts';
import { DOCUMENT, LEAF_FILES, PATH_FILES } from '../parts/request-path.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Import {
  readonly file: string;
  readonly typesOnly: boolean;
}

const IMPORT = /^import (?<type>type )?(?<names>[^;]*?)\s+from '(?<from>[^']+)';$/gm;
const EXPORT = /^export (?:const|function|class|interface|type) (?<name>\w+)/gm;

/** The files of core by the names that they export. */
const CORE = new Map(
  globSync('core/**/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts', '**/node_modules/**'] }).flatMap((file) =>
    [...read(file).matchAll(EXPORT)].map(({ groups }) => [groups!.name!, file] as const),
  ),
);

/** Files of the repository that a file imports. */
function importsOf(file: string): Import[] {
  return [...read(file).matchAll(IMPORT)].flatMap(({ groups }) => {
    const { type, names, from } = groups as { type?: string; names: string; from: string };
    const parts = names.replace(/^\{|\}$/g, '').split(',');
    const imported = parts.map((part) => part.trim()).filter((part) => part !== '');
    const isType = (name: string): boolean => type !== undefined || name.startsWith('type ');
    if (from.startsWith('.'))
      return [{ file: normalize(join(file, '..', from)), typesOnly: imported.every(isType) }];
    if (from !== '@ficus/core') return [];
    return imported.flatMap((name) => {
      const exporting = CORE.get(name.replace(/^type /, ''));
      return exporting === undefined ? [] : [{ file: exporting, typesOnly: isType(name) }];
    });
  });
}

const imports = (file: string, other: string): boolean =>
  importsOf(file).some((found) => found.file === other);

describe('the way of one GET with a shadow copy (a test under integration/ measures that it passes these files)', () => {
  test('has at most 40 files', () => {
    expect(PATH_FILES.length).toBeGreaterThan(30);
    expect(PATH_FILES.length).toBeLessThanOrEqual(40);
  });

  test('and its document counts its leaves too', () => {
    expect(DOCUMENT).toContain(`In all, ${PATH_FILES.length + LEAF_FILES.length} files take part.`);
    expect(DOCUMENT).toContain(
      `The ${PATH_FILES.length} above hand the request on; the ${LEAF_FILES.length} leaves`,
    );
  });

  test.each(PATH_FILES.slice(1).map((file, at) => [file, PATH_FILES.slice(0, at + 1)] as const))(
    '%s imports a file before it, or is imported by one',
    (file, before) => {
      expect(before.filter((earlier) => imports(earlier, file) || imports(file, earlier))).not.toEqual([]);
    },
  );

  test.each(LEAF_FILES)('%s is a leaf: it calls no file of the way', (leaf) => {
    expect(importsOf(leaf).filter(({ file, typesOnly }) => !typesOnly && PATH_FILES.includes(file))).toEqual(
      [],
    );
  });
});
