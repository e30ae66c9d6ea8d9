import { expect, test } from 'vitest';
import { publishMissing, type Registry } from './publish-missing.ts';

const TARBALLS = ['cli', 'core', 'proxy'].map((name) => ({
  spec: `@ficus/${name}@0.2.0`,
  file: `ficus-${name}-0.2.0.tgz`,
}));

/** Refuses an existing version, as npm does, and one file until the test lets it through. */
class FakeRegistry implements Registry {
  readonly published: string[] = [];
  refused = '';

  isPublished(spec: string): boolean {
    return this.published.includes(spec);
  }

  publish(file: string): void {
    const { spec } = TARBALLS.find((tarball) => tarball.file === file)!;
    if (this.isPublished(spec) || file === this.refused) throw new Error(`npm refuses ${file}`);
    this.published.push(spec);
  }
}

test('everything is published, the command last', () => {
  const registry = new FakeRegistry();
  publishMissing(TARBALLS, registry);
  expect(registry.published).toEqual(['@ficus/core@0.2.0', '@ficus/proxy@0.2.0', '@ficus/cli@0.2.0']);
});

test('after an interrupted release the next run publishes the rest', () => {
  const registry = new FakeRegistry();
  registry.refused = 'ficus-proxy-0.2.0.tgz';
  expect(() => publishMissing(TARBALLS, registry)).toThrow('npm refuses');
  registry.refused = '';
  expect(publishMissing(TARBALLS, registry)).toEqual(['@ficus/proxy@0.2.0', '@ficus/cli@0.2.0']);
  expect(publishMissing(TARBALLS, registry)).toEqual([]);
});
