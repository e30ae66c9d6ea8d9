import { defineConfig } from 'vitest/config';

/** The tarballs of `npm run pack`, installed in a fresh project and run on each Node that `engines` names. */
export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    include: ['test/packages/*.packages.test.ts'],
    expect: { poll: { timeout: 30_000 } },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
