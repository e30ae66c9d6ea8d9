import { expect, test } from 'vitest';
import { withVersion } from './with-version.ts';

test('the version of a package and of the workspaces it depends on changes, and nothing else', () => {
  const before = {
    name: '@ficus/cli',
    version: '0.1.0',
    dependencies: { '@ficus/core': '0.1.0', zod: '^4' },
  };
  expect(JSON.parse(withVersion(JSON.stringify(before), '0.2.0'))).toEqual({
    name: '@ficus/cli',
    version: '0.2.0',
    dependencies: { '@ficus/core': '0.2.0', zod: '^4' },
  });
});
