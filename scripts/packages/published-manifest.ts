/**
 * The package.json of the published package: there Node runs the compiled files in dist/, because it strips no types
 * under node_modules. In the repository the same packages run from their sources.
 */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** The repository's address, as a workflow knows it; provenance is refused without it. */
export interface Origin {
  readonly url: string;
  readonly directory: string;
}

/** @param origin omitted when packing outside a workflow */
export function publishedManifest(source: Manifest, origin?: Origin): Manifest {
  const { scripts: _scripts, devDependencies: _dev, exports, ...kept } = source;
  return {
    ...kept,
    ...(origin ? { repository: { type: 'git', ...origin } } : {}),
    ...(typeof exports !== 'string'
      ? {}
      : { exports: { '.': compiled(exports), './package.json': './package.json' } }),
  };
}

function compiled(entry: string): { types: string; default: string } {
  const name = entry.replace(/^\.\//, '').replace(/\.ts$/, '');
  return { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` };
}
