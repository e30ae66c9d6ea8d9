import { defineConfig } from 'vitest/config';

/** Suites that need heavier real parts. Each fetches its part, and fails, never skips, when it cannot. */
export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    include: ['**/*.real.test.ts'],
    exclude: ['**/node_modules/**', '.ficus/**'],
    // As in vitest.config.ts.
    expect: { poll: { timeout: 30_000 } },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
