import { expect, test } from 'vitest';
import { publishedManifest } from './published-manifest.ts';

const source = {
  name: '@ficus/core',
  version: '1.2.3',
  exports: './index.ts',
  files: ['dist'],
  scripts: { prepack: 'x' },
  dependencies: { zod: '^4' },
  devDependencies: { vitest: '^5' },
};

test('a published package exports its compiled files, and has no scripts', () => {
  expect(publishedManifest(source)).toEqual({
    name: '@ficus/core',
    version: '1.2.3',
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
    files: ['dist'],
    dependencies: { zod: '^4' },
  });
});

test('a workflow names the repository, as provenance requires', () => {
  const origin = { url: 'git+https://example.test/a/b.git', directory: 'core' };
  expect(publishedManifest(source, origin)).toMatchObject({ repository: { type: 'git', ...origin } });
});
