import { defineConfig } from 'vitest/config';

/** The model of a cutover (test/model), searched by spin. Spin and gcc are installed on demand; it fails, never skips. */
export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    include: ['test/model/*.model.test.ts'],
    // Each search has one thread: two at a time.
    maxConcurrency: 2,
    testTimeout: 600_000,
  },
});
