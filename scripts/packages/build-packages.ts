/**
 * Compiles the published packages, each into its dist/: JavaScript, type declarations, and beside them every file that
 * its sources read at run time. Called by prepack and by `npm run pack`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PublishedPackage, ROOT } from './published-packages.ts';

const BUILD = join(ROOT, 'dist', 'build');
const NOT_READ_AT_RUN_TIME = new Set(['package.json', 'README.md', 'LICENSE']);

export function buildPackages(packages: readonly PublishedPackage[]): void {
  rmSync(BUILD, { recursive: true, force: true });
  compile(packages);
  for (const { workspace, folder, manifest } of packages) {
    const dist = join(folder, 'dist');
    rmSync(dist, { recursive: true, force: true });
    cpSync(join(BUILD, workspace), dist, { recursive: true });
    for (const file of filesBeside(folder)) cpSync(join(folder, file), join(dist, file));
    // For sources that read their own version from the folder above; npm reads the other one.
    const { version, type } = manifest;
    writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ version, type })}\n`);
  }
  rmSync(BUILD, { recursive: true });
}

/**
 * All in one program: they import one another's sources. Left out are tests (`.test.ts`), and what only tests use
 * (`.fixture.ts`).
 */
function compile(packages: readonly PublishedPackage[]): void {
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: '..',
      outDir: BUILD,
    },
    include: packages.map(({ workspace }) => `../${workspace}/**/*.ts`),
    exclude: ['../**/node_modules', '../**/dist', '../**/*.test.ts', '../**/*.fixture.ts'],
  };
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const file = join(ROOT, 'dist', 'tsconfig.packages.json');
  writeFileSync(file, JSON.stringify(config));
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '--project', file], { cwd: ROOT, stdio: 'inherit' });
}

/** Pages, styles, SQL: everything that is neither source nor package metadata. */
function filesBeside(folder: string): string[] {
  return globSync('**/*.*', {
    cwd: folder,
    exclude: (name) => ['node_modules', 'dist', 'bin'].includes(basename(name)),
  }).filter((file) => !file.endsWith('.ts') && !NOT_READ_AT_RUN_TIME.has(file));
}
